using System.Text;
using System.Text.Json;

namespace SafetyPortal.Diffusion;

/// <summary>
/// JSON as Python's <c>json</c> module writes it. It may hold the bare words Infinity, -Infinity and NaN, which are no JSON; they are read as
/// strings.
/// </summary>
public static class PythonJson
{
    private static readonly string[] Words = ["-Infinity", "Infinity", "NaN"];

    /// <exception cref="JsonException">The text is not JSON otherwise.</exception>
    public static JsonDocument Parse(string text) => StrictJson.Parse(Quote(text));

    /// <summary>Returns a number, which may be one of the bare words.</summary>
    public static double AsDouble(JsonElement value) => value.ValueKind != JsonValueKind.String
        ? value.GetDouble()
        : value.GetString() switch
        {
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            "NaN" => double.NaN,
            var other => throw new JsonException($"Expected a number, found \"{other}\"."),
        };

    private static string Quote(string text)
    {
        if (!Words.Any(w => text.Contains(w, StringComparison.Ordinal)))
            return text;
        var result = new StringBuilder(text.Length + 16);
        var inString = false;
        for (var i = 0; i < text.Length; i++)
        {
            var word = inString ? null : Array.Find(Words, w => string.CompareOrdinal(text, i, w, 0, w.Length) == 0);
            if (word is not null)
            {
                result.Append('"').Append(word).Append('"');
                i += word.Length - 1;
                continue;
            }

            result.Append(text[i]);
            if (inString && text[i] == '\\' && i + 1 < text.Length)
                result.Append(text[++i]);
            else if (text[i] == '"')
                inString = !inString;
        }

        return result.ToString();
    }
}
