using System.Globalization;
using System.Text.Json;
using SafetyPortal.Diffusion.Inspection;

namespace SafetyPortal.Diffusion.Checkpoints;

/// <summary>
/// A JSON object of a model's settings, such as <c>config.json</c>, read as untrusted input. Every value is checked for type and range when it is
/// read. An error names the file, the key, what was expected and what was found. A key that is absent or null has its default.
/// </summary>
public sealed class ModelConfigFile
{
    private const long MaxBytes = 1_000_000;

    private ModelConfigFile(string location, JsonElement root) => (Location, Root) = (location, root);

    /// <summary>The file, and the section in it, as messages name them.</summary>
    public string Location { get; }

    /// <summary>The object itself, unchecked.</summary>
    internal JsonElement Root { get; }

    /// <exception cref="ModelFormatException">The file is missing, too large, or not a JSON object.</exception>
    public static ModelConfigFile Open(string path) => Parse(RegularFile.ReadAllBytes(path, MaxBytes), path);

    /// <exception cref="ModelFormatException">The text is not a JSON object.</exception>
    public static ModelConfigFile Parse(ReadOnlyMemory<byte> json, string location) => new(location, StrictJson.Object(json, location));

    /// <summary>Returns a nested object; an empty one, with all defaults, if it is absent.</summary>
    public ModelConfigFile Section(string key)
    {
        var empty = Parse("{}"u8.ToArray(), $"{Location}: {key}");
        return Read(key, empty, "an object", v => v.ValueKind == JsonValueKind.Object ? new ModelConfigFile(empty.Location, v) : null);
    }

    public bool Has(string key) => TryGet(key, out _);

    public int Int32(string key, int absent, int min, int max) => Read(key, absent, $"a whole number from {min} to {max}", v => Whole(v, min, max));

    public double Number(string key, double absent, double min, double max) => Read(
        key, absent, $"a number from {min} to {max}", v => v.ValueKind == JsonValueKind.Number && v.GetDouble() is var n && n >= min && n <= max ? n : null);

    public bool Flag(string key, bool absent) =>
        Read(key, absent, "true or false", v => v.ValueKind is JsonValueKind.True or JsonValueKind.False ? v.GetBoolean() : null);

    public string Text(string key, string absent) => Read(key, absent, "a string", Text);

    /// <summary>Returns a list of whole numbers with 1 to <paramref name="maxCount"/> items.</summary>
    public IReadOnlyList<int> Int32s(string key, IReadOnlyList<int> absent, int min, int max, int maxCount) =>
        Read(key, absent, $"a list of 1 to {maxCount} whole numbers from {min} to {max}", v => List<int>(v, maxCount, item => Whole(item, min, max)));

    /// <summary>Returns a list of strings with 1 to <paramref name="maxCount"/> items.</summary>
    public IReadOnlyList<string> Texts(string key, IReadOnlyList<string> absent, int maxCount) =>
        Read(key, absent, $"a list of 1 to {maxCount} strings", v => List<string>(v, maxCount, Text));

    /// <summary>Returns a whole number for every block, or a list with one per block.</summary>
    public PerBlock PerBlock(string key, PerBlock absent, int min, int max) => Read(key, absent, $"a whole number from {min} to {max}, or a list of them", v =>
    {
        if (Whole(v, min, max) is { } same)
            return (PerBlock)same;
        return List<int>(v, maxCount: 16, item => Whole(item, min, max)) is { } each ? (PerBlock)each : null;
    });

    /// <summary>Throws if a setting has a value other than the supported ones, which are given as JSON.</summary>
    /// <exception cref="ModelFormatException">Names the key, its value and the supported values.</exception>
    public void Support(string key, params string[] supported)
    {
        if (!TryGet(key, out var value))
            return;
        var text = StrictJson.Compact(value);
        var isSupported = supported.Any(s => s == text || (value.ValueKind == JsonValueKind.Number
            && double.TryParse(s, CultureInfo.InvariantCulture, out var number) && value.GetDouble().Equals(number)));
        if (!isSupported)
        {
            throw new ModelFormatException(
                $"{Location}: {key} = {StrictJson.Shorten(text)} is not supported; supported: {string.Join(", ", ["absent or null", .. supported])}");
        }
    }

    /// <summary>Throws if there is a key other than these.</summary>
    /// <exception cref="ModelFormatException">Names the first other key and its value.</exception>
    public void Only(params string[] keys)
    {
        var other = Root.EnumerateObject().Select(p => p.Name).FirstOrDefault(name => !keys.Contains(name, StringComparer.Ordinal));
        if (other is not null)
        {
            throw new ModelFormatException(
                $"{Location}: {other} = {StrictJson.Describe(Root.GetProperty(other))} is not supported; supported: {string.Join(", ", keys)}");
        }
    }

    private static object? Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static int? Whole(JsonElement value, int min, int max) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= min && number <= max ? number : null;

    private static T[]? List<T>(JsonElement value, int maxCount, Func<JsonElement, object?> parse)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is 0 || value.GetArrayLength() > maxCount)
            return null;
        object?[] items = [.. value.EnumerateArray().Select(parse)];
        return Array.TrueForAll(items, item => item is T) ? [.. items.Cast<T>()] : null;
    }

    private bool TryGet(string key, out JsonElement value) => Root.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null;

    // The parser returns null for a value it does not accept.
    private T Read<T>(string key, T absent, string expected, Func<JsonElement, object?> parse)
    {
        if (!TryGet(key, out var value))
            return absent;
        return parse(value) is T parsed
            ? parsed
            : throw new ModelFormatException($"{Location}: {key}: expected {expected}, got {StrictJson.Describe(value)}");
    }
}
