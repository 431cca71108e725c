using System.Globalization;
using System.Text.Json;
using SafetyPortal.Diffusion.Inspection;

namespace SafetyPortal.Diffusion.Checkpoints;

/// <summary>
/// A model's <c>config.json</c>, read as untrusted input: every value is checked for type and range when it is read, and an
/// error names the file, the key, what was expected and what was found. A key that is absent or null has its default.
/// </summary>
public sealed class ModelConfigFile
{
    private const long MaxBytes = 1_000_000;

    private readonly JsonElement root;

    private ModelConfigFile(string location, JsonElement root)
    {
        Location = location;
        this.root = root;
    }

    /// <summary>The file, and the section in it, as messages name them.</summary>
    public string Location { get; }

    /// <exception cref="ModelFormatException">The file is missing, too large, or not a JSON object.</exception>
    public static ModelConfigFile Open(string path) => Parse(RegularFile.ReadAllBytes(path, MaxBytes), path);

    /// <exception cref="ModelFormatException">The text is not a JSON object.</exception>
    public static ModelConfigFile Parse(ReadOnlyMemory<byte> json, string location)
    {
        try
        {
            using var document = StrictJson.Parse(json, new JsonDocumentOptions { MaxDepth = 16, AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new ModelFormatException($"{location}: expected a JSON object, got {Describe(document.RootElement)}");
            return new ModelConfigFile(location, document.RootElement.Clone());
        }
        catch (JsonException exception)
        {
            throw new ModelFormatException($"{location}: is not well-formed JSON: {exception.Message}", exception);
        }
    }

    /// <summary>A nested object; an empty one, that is all defaults, if it is absent.</summary>
    public ModelConfigFile Section(string key)
    {
        if (!TryGet(key, out var value))
            return Parse("{}"u8.ToArray(), $"{Location}: {key}");
        return value.ValueKind == JsonValueKind.Object
            ? new ModelConfigFile($"{Location}: {key}", value)
            : throw Error(key, "an object", value);
    }

    public bool Has(string key) => TryGet(key, out _);

    public int Int32(string key, int absent, int min, int max)
    {
        if (!TryGet(key, out var value))
            return absent;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= min && number <= max
            ? number
            : throw Error(key, $"a whole number from {min} to {max}", value);
    }

    public double Number(string key, double absent, double min, double max)
    {
        if (!TryGet(key, out var value))
            return absent;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= min && number <= max
            ? number
            : throw Error(key, string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max}"), value);
    }

    public bool Flag(string key, bool absent)
    {
        if (!TryGet(key, out var value))
            return absent;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Error(key, "true or false", value);
    }

    public string Text(string key, string absent)
    {
        if (!TryGet(key, out var value))
            return absent;
        return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Error(key, "a string", value);
    }

    /// <summary>A list of whole numbers with 1 to <paramref name="maxCount"/> items.</summary>
    public IReadOnlyList<int> Int32s(string key, IReadOnlyList<int> absent, int min, int max, int maxCount)
    {
        if (!TryGet(key, out var value))
            return absent;
        return ReadInt32s(value, min, max, maxCount) ?? throw Error(key, $"a list of 1 to {maxCount} whole numbers from {min} to {max}", value);
    }

    /// <summary>A whole number that holds for every block, or a list with one per block.</summary>
    public PerBlock PerBlock(string key, PerBlock absent, int min, int max)
    {
        if (!TryGet(key, out var value))
            return absent;
        if (value.ValueKind == JsonValueKind.Number)
            return Int32(key, 0, min, max);
        return ReadInt32s(value, min, max, 16) is { } list
            ? Checkpoints.PerBlock.Of(list)
            : throw Error(key, $"a whole number from {min} to {max}, or a list of them", value);
    }

    /// <summary>A list of strings with 1 to <paramref name="maxCount"/> items.</summary>
    public IReadOnlyList<string> Texts(string key, IReadOnlyList<string> absent, int maxCount)
    {
        if (!TryGet(key, out var value))
            return absent;
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is 0 || value.GetArrayLength() > maxCount
            || value.EnumerateArray().Any(v => v.ValueKind != JsonValueKind.String))
            throw Error(key, $"a list of 1 to {maxCount} strings", value);
        return [.. value.EnumerateArray().Select(v => v.GetString()!)];
    }

    /// <summary>Refuses a setting that is present with any other value than the ones supported, given as JSON.</summary>
    /// <exception cref="ModelFormatException">Names the key, its value and the supported values.</exception>
    public void Support(string key, params string[] supported)
    {
        if (!TryGet(key, out var value))
            return;
        var text = value.ValueKind == JsonValueKind.Array ? string.Concat(value.GetRawText().Where(c => !char.IsWhiteSpace(c))) : value.GetRawText();
        var isSupported = supported.Any(s => s == text || (value.ValueKind == JsonValueKind.Number
            && double.TryParse(s, CultureInfo.InvariantCulture, out var number) && value.GetDouble().Equals(number)));
        if (!isSupported)
            throw new ModelFormatException($"{Location}: {key} = {Shorten(text)} is not supported; supported: {string.Join(", ", ["absent or null", .. supported])}");
    }

    /// <summary>Refuses keys that this program does not know.</summary>
    /// <exception cref="ModelFormatException">Names the first other key and its value.</exception>
    public void Only(params string[] keys)
    {
        if (root.EnumerateObject().FirstOrDefault(p => !keys.Contains(p.Name, StringComparer.Ordinal)) is { Value.ValueKind: not JsonValueKind.Undefined } other)
            throw new ModelFormatException($"{Location}: {other.Name} = {Describe(other.Value)} is not supported; supported: {string.Join(", ", keys)}");
    }

    private bool TryGet(string key, out JsonElement value) =>
        root.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null;

    private static List<int>? ReadInt32s(JsonElement value, int min, int max, int maxCount)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is 0 || value.GetArrayLength() > maxCount)
            return null;
        var numbers = new List<int>();
        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out var number) || number < min || number > max)
                return null;
            numbers.Add(number);
        }

        return numbers;
    }

    private ModelFormatException Error(string key, string expected, JsonElement got) =>
        new($"{Location}: {key}: expected {expected}, got {Describe(got)}");

    private static string Describe(JsonElement value) => Shorten(value.GetRawText());

    private static string Shorten(string text) => text.Length <= 100 ? text : text[..100] + "...";
}
