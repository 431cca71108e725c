using System.Text;
using System.Text.Json;

namespace SafetyPortal.Diffusion;

/// <summary>
/// JSON whose strings are all text. An escape can name half of a surrogate pair, at which <see cref="JsonElement.GetString"/> throws an
/// <see cref="InvalidOperationException"/>. Here that is a <see cref="JsonException"/>, like other damage.
/// </summary>
internal static class StrictJson
{
    public const string HalfCharacter = "a string holds half of a surrogate pair, or bytes that are not UTF-8";

    /// <summary>Parses UTF-8, with or without a byte order mark.</summary>
    /// <exception cref="JsonException">The text is not JSON, or one of its strings is not text.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json, JsonDocumentOptions options = default) =>
        Checked(() => JsonDocument.Parse(json.Span.StartsWith(Encoding.UTF8.Preamble) ? json[Encoding.UTF8.Preamble.Length..] : json, options));

    /// <exception cref="JsonException">The text is not JSON, or one of its strings is not text.</exception>
    public static JsonDocument Parse(string json) => Checked(() => JsonDocument.Parse(json));

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
