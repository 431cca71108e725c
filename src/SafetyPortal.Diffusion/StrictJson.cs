using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SafetyPortal.Diffusion;

/// <summary>
/// JSON whose strings are all text. An escape can name half of a surrogate pair, at which <see cref="JsonElement.GetString"/> throws an
/// <see cref="InvalidOperationException"/>. Here that is a <see cref="JsonException"/>, like other damage.
/// </summary>
internal static class StrictJson
{
    public const string HalfCharacter = "a string holds half of a surrogate pair, or bytes that are not UTF-8";

    private static readonly JsonSerializerOptions Unescaped = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonDocumentOptions Settings = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    /// <summary>Returns the object in a UTF-8 file, which may begin with a byte order mark.</summary>
    /// <param name="location">The file, as messages name it.</param>
    /// <exception cref="ModelFormatException">The text is not JSON, or not an object, or a key occurs twice.</exception>
    public static JsonElement Object(ReadOnlyMemory<byte> json, string location)
    {
        try
        {
            var text = json.Span.StartsWith(Encoding.UTF8.Preamble) ? json[Encoding.UTF8.Preamble.Length..] : json;
            using var document = Checked(() => JsonDocument.Parse(text, Settings));
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new ModelFormatException($"{location}: expected a JSON object, got {Describe(document.RootElement)}");
        }
        catch (JsonException exception)
        {
            throw new ModelFormatException($"{location}: is not well-formed JSON: {exception.Message}", exception);
        }
    }

    /// <exception cref="JsonException">The text is not JSON, or one of its strings is not text, or a key occurs twice.</exception>
    public static JsonDocument Parse(string json) => Checked(() => JsonDocument.Parse(json, Settings));

    /// <summary>Returns a value as JSON without white space.</summary>
    public static string Compact(JsonElement value) => JsonSerializer.Serialize(value, Unescaped);

    /// <summary>Returns a value as JSON, cut to fit into a message.</summary>
    public static string Describe(JsonElement value) => Shorten(Compact(value));

    public static string Shorten(string text) => text.Length <= 100 ? text : text[..100] + "...";

    private static JsonDocument Checked(Func<JsonDocument> parse)
    {
        JsonDocument? document = null;
        try
        {
            document = parse();
            Visit(document.RootElement);
            return document;
        }
        catch (InvalidOperationException exception)
        {
            document?.Dispose();
            throw new JsonException(HalfCharacter + ".", exception);
        }
    }

    private static void Visit(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                _ = value.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                    Visit(item);
                break;
            case JsonValueKind.Object:
                foreach (var property in value.EnumerateObject())
                {
                    _ = property.Name;
                    Visit(property.Value);
                }

                break;
        }
    }
}
