using System.Text.Json;
using System.Text.Json.Serialization;
using SafetyPortal.Diffusion.Inspection;

namespace SafetyPortal.Evaluation.Detection;

/// <summary>Sizes and class names of a <see cref="ConceptClassifier"/>, kept in its folder's config.json.</summary>
public sealed record ConceptClassifierConfig
{
    /// <summary>Class of pictures that show nothing the judge knows.</summary>
    public const string Unrecognisable = "unrecognisable";

    private const long MaxBytes = 1 << 20;

    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
    };

    /// <summary>Names of the object head's classes.</summary>
    public required IReadOnlyList<string> Objects { get; init; }

    /// <summary>Names of the style head's classes.</summary>
    public required IReadOnlyList<string> Styles { get; init; }

    /// <summary>Side of the pictures, in pixels.</summary>
    public int ImageSize { get; init; } = 64;

    /// <summary>Channels of each stage; every stage halves the resolution.</summary>
    public IReadOnlyList<int> Channels { get; init; } = [24, 48, 72, 112];

    /// <summary>Groups of every normalisation.</summary>
    public int Groups { get; init; } = 8;

    /// <exception cref="InvalidDataException">A size is out of range or does not fit another.</exception>
    public void Validate()
    {
        if (Objects is not { Count: >= 1 and <= 10_000 } || Styles is not { Count: >= 1 and <= 10_000 })
            throw new InvalidDataException($"Expected 1 to 10,000 classes per head, got {Objects?.Count ?? 0} objects and {Styles?.Count ?? 0} styles.");
        if (Objects.Concat(Styles).Any(name => string.IsNullOrWhiteSpace(name) || name != name.Trim()))
            throw new InvalidDataException("Expected a name without blanks around it for every class, got another for one.");
        foreach (var head in new[] { Objects, Styles })
        {
            if (head.CountBy(name => name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(named => named.Value > 1) is { Key: { } twice })
                throw new InvalidDataException($"Expected different class names in each head, got \"{twice}\" twice.");
        }

        if (Channels is null)
            throw new InvalidDataException("Expected 1 to 8 numbers as channels, got null.");
        if (Channels.Count is 0 or > 8 || Channels.Any(c => c is < 1 or > 4096 || Groups < 1 || c % Groups != 0))
            throw new InvalidDataException($"Expected as channels 1 to 8 multiples of groups = {Groups}, at most 4,096, got [{string.Join(", ", Channels)}].");
        if (ImageSize < 1 << Channels.Count || ImageSize > 1024)
            throw new InvalidDataException($"Expected an image_size of {1 << Channels.Count} to 1,024 for {Channels.Count} stages, got {ImageSize}.");
    }

    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), JsonSerializer.Serialize(this, Format) + "\n");
    }

    /// <exception cref="InvalidDataException">The file is missing, no JSON, or out of range.</exception>
    public static ConceptClassifierConfig Load(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        if (!File.Exists(path))
            throw new InvalidDataException($"The judge lacks its configuration: expected {path}.");
        try
        {
            var config = JsonSerializer.Deserialize<ConceptClassifierConfig>(RegularFile.ReadAllText(path, MaxBytes), Format)
                ?? throw new InvalidDataException($"{path}: expected an object, got null.");
            config.Validate();
            return config;
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path}: {error.Message}", error);
        }
    }
}
