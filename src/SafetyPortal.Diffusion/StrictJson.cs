using System.Text.Json;

namespace SafetyPortal.Diffusion;

/// <summary>
/// JSON whose strings are all text. An escape can name half of a surrogate pair, at which <see cref="JsonElement.GetString"/> throws what no reader of
/// a damaged file expects; here it is damage like any other.
/// </summary>
internal static class StrictJson
{
    public const string HalfCharacter = "a string holds half of a surrogate pair";

    /// <exception cref="JsonException">The text is not JSON, or one of its strings is not text.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json, JsonDocumentOptions options = default) => Checked(() => JsonDocument.Parse(json, options));

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
