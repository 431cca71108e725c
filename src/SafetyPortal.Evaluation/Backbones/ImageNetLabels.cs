using System.Globalization;
using System.Text.Json;
using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Inspection;

namespace SafetyPortal.Evaluation.Backbones;

/// <summary>
/// Names of ImageNet's classes: the ten of Imagenette, which published evaluations of object erasure use, or all of them from a file. The file
/// has a line for each class, or is Keras's <c>imagenet_class_index.json</c>, or a <c>config.json</c> with <c>id2label</c>.
/// </summary>
public sealed class ImageNetLabels
{
    private const long MaxBytes = 1 << 20;

    private readonly Dictionary<int, string[]> names;

    private ImageNetLabels(Dictionary<int, string[]> names) => this.names = names;

    /// <summary>The ten classes of Imagenette.</summary>
    public static ImageNetLabels Imagenette { get; } = new(new Dictionary<int, string[]>
    {
        [0] = ["tench"],
        [217] = ["English springer"],
        [482] = ["cassette player"],
        [491] = ["chain saw", "chainsaw"],
        [497] = ["church", "church building"],
        [566] = ["French horn"],
        [569] = ["garbage truck"],
        [571] = ["gas pump"],
        [574] = ["golf ball"],
        [701] = ["parachute"],
    });

    /// <summary>Returns the class that a concept names, whatever its case; null for a concept that names no class.</summary>
    public int? Find(string concept)
    {
        var found = names.Where(n => n.Value.Contains(concept.Trim(), StringComparer.OrdinalIgnoreCase)).Select(n => (int?)n.Key).ToList();
        return found.Count > 0 ? found.Min() : null;
    }

    /// <summary>Returns the name of a class.</summary>
    public string NameOf(int index) => names.TryGetValue(index, out var found) ? found[0] : $"ImageNet class {index}";

    /// <summary>Reads names for all 1,000 classes.</summary>
    /// <exception cref="ModelFormatException">The file has another form.</exception>
    public static ImageNetLabels Load(string path)
    {
        try
        {
            var text = RegularFile.ReadAllText(path, MaxBytes);
            var names = text.TrimStart().StartsWith('{') ? FromJson(text) : FromLines(text);
            return Enumerable.Range(0, ResNet50.Classes).All(names.ContainsKey) && names.Count == ResNet50.Classes
                ? new(names)
                : throw new ModelFormatException($"{path}: expected names for the classes 0 to {ResNet50.Classes - 1}, got {names.Count}");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new ModelFormatException($"{path}: cannot be read as class names: {e.Message}", e);
        }
    }

    private static Dictionary<int, string[]> FromLines(string text) =>
        text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Names).Index().ToDictionary(l => l.Index, l => l.Item);

    private static Dictionary<int, string[]> FromJson(string text)
    {
        using var document = JsonDocument.Parse(text);
        var root = document.RootElement.TryGetProperty("id2label", out var labels) ? labels : document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
            throw new JsonException($"expected an object of class numbers with names, got {root.ValueKind}");
        var names = new Dictionary<int, string[]>();
        foreach (var entry in root.EnumerateObject())
        {
            // {"0": ["n01440764", "tench"]} or {"0": "tench, Tinca tinca"}
            var value = entry.Value.ValueKind == JsonValueKind.Array ? entry.Value.EnumerateArray().LastOrDefault() : entry.Value;
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || value.ValueKind != JsonValueKind.String)
                throw new JsonException($"expected class numbers with names, got \"{entry.Name}\"");
            if (!names.TryAdd(index, Names(value.GetString()!)))
                throw new JsonException($"expected one entry for each class, got two for class {index}");
        }

        return names;
    }

    // Commas separate synonyms; some files separate words by underscores.
    private static string[] Names(string label)
    {
        var names = label.Replace('_', ' ').Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return names.Length > 0 ? names : [label];
    }
}
