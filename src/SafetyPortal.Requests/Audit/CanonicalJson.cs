using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafetyPortal.Requests.Audit;

/// <summary>
/// JSON Canonicalization Scheme (RFC 8785): members sorted by UTF-16 code units, no blanks, shortest round-trip numbers as ECMAScript
/// writes them, minimal escapes. Two equal values have the same bytes, hence the same digest.
/// </summary>
public static class CanonicalJson
{
    /// <summary>How values become JSON before they are made canonical: camel-case members, enums by name.</summary>
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        NumberHandling = JsonNumberHandling.Strict,
    };

    /// <summary>Canonical text of any serialisable value.</summary>
    /// <exception cref="NotSupportedException">A number is not finite or an integer is too large to be exact (above 2^53).</exception>
    public static string Serialize<T>(T value)
    {
        using var document = JsonSerializer.SerializeToDocument(value, Options);
        return Canonicalize(document.RootElement);
    }

    /// <summary>Canonical text of parsed JSON.</summary>
    public static string Canonicalize(JsonElement element)
    {
        var text = new StringBuilder();
        Write(element, text);
        return text.ToString();
    }

    /// <summary>SHA-256 over the canonical UTF-8 bytes, as 64 lower-case hexadecimal digits.</summary>
    public static string Digest<T>(T value) => DigestOfText(Serialize(value));

    /// <summary>SHA-256 over UTF-8 text, as 64 lower-case hexadecimal digits.</summary>
    public static string DigestOfText(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static void Write(JsonElement element, StringBuilder text)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(element, text);
                break;
            case JsonValueKind.Array:
                text.Append('[');
                var first = true;
                foreach (var item in element.EnumerateArray())
                {
                    if (!first)
                        text.Append(',');
                    first = false;
                    Write(item, text);
                }
                text.Append(']');
                break;
            case JsonValueKind.String:
                WriteString(element.GetString()!, text);
                break;
            case JsonValueKind.Number:
                text.Append(CanonicalNumber.Format(element));
                break;
            case JsonValueKind.True:
                text.Append("true");
                break;
            case JsonValueKind.False:
                text.Append("false");
                break;
            case JsonValueKind.Null:
                text.Append("null");
                break;
            default:
                throw new NotSupportedException($"expected a JSON value, got {element.ValueKind}");
        }
    }

    private static void WriteObject(JsonElement element, StringBuilder text)
    {
        var members = element.EnumerateObject().ToList();
        members.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        text.Append('{');
        for (var i = 0; i < members.Count; i++)
        {
            if (i > 0)
            {
                if (string.Equals(members[i].Name, members[i - 1].Name, StringComparison.Ordinal))
                    throw new JsonException($"the member \"{members[i].Name}\" appears twice");
                text.Append(',');
            }
            WriteString(members[i].Name, text);
            text.Append(':');
            Write(members[i].Value, text);
        }
        text.Append('}');
    }

    private static void WriteString(string value, StringBuilder text)
    {
        text.Append('"');
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            if (char.IsSurrogate(c))
            {
                if (Rune.DecodeFromUtf16(value.AsSpan(i), out _, out var consumed) != OperationStatus.Done)
                    throw new JsonException("a string holds half of a surrogate pair and has no UTF-8 form");
                text.Append(value, i, consumed);
                i += consumed - 1;
                continue;
            }
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\b' => text.Append("\\b"),
                '\t' => text.Append("\\t"),
                '\n' => text.Append("\\n"),
                '\f' => text.Append("\\f"),
                '\r' => text.Append("\\r"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }
        text.Append('"');
    }
}
