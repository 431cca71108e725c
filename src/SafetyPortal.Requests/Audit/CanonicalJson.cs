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
    /// <summary>How values become JSON and are read from it: camel-case members, enums by name.</summary>
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
        NumberHandling = JsonNumberHandling.Strict,
        AllowDuplicateProperties = false,
    };

    /// <summary>Returns the canonical text of any serialisable value.</summary>
    /// <exception cref="NotSupportedException">A number is not finite, or an integer would lose digits as a double.</exception>
    public static string Serialize<T>(T value)
    {
        try
        {
            using var document = JsonSerializer.SerializeToDocument(value, Options);
            return Canonicalize(document.RootElement);
        }
        catch (ArgumentException error)
        {
            throw new NotSupportedException($"expected finite numbers in {typeof(T).Name}, got one that is not: {error.Message}", error);
        }
    }

    /// <summary>Returns the canonical text of parsed JSON.</summary>
    public static string Canonicalize(JsonElement element)
    {
        var text = new StringBuilder();
        Write(element, text);
        return text.ToString();
    }

    /// <summary>Returns the SHA-256 over the canonical text, as 64 lower-case hexadecimal digits.</summary>
    public static string Digest<T>(T value) => DigestOfText(Serialize(value));

    /// <summary>Returns the SHA-256 over the UTF-8 bytes of a text, as 64 lower-case hexadecimal digits.</summary>
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
                if (members[i].Name == members[i - 1].Name)
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

/// <summary>Numbers as ECMAScript's Number::toString writes them (RFC 8785, section 3.2.2.3).</summary>
internal static class CanonicalNumber
{
    public static string Format(JsonElement element)
    {
        var text = element.GetRawText();
        if (!element.TryGetDouble(out var value) || !double.IsFinite(value))
            throw new NotSupportedException($"expected a finite number, got {text}");
        var formatted = Format(value);
        // Numbers of RFC 8785 are doubles, in which a large integer would lose digits.
        return text.AsSpan().ContainsAny('.', 'e', 'E') || text is "-0" || text == formatted
            ? formatted
            : throw new NotSupportedException($"expected an integer that is exact as a double (up to 2^53 each is), got {text}; write it as a string");
    }

    public static string Format(double value)
    {
        if (value == 0)
            return "0";

        var (negative, digits, n) = Parse(value.ToString("R", CultureInfo.InvariantCulture));
        var k = digits.Length;
        var text = new StringBuilder();
        if (negative)
            text.Append('-');
        if (k <= n && n <= 21)
            text.Append(digits).Append('0', n - k);
        else if (n is > 0 and <= 21)
            text.Append(digits, 0, n).Append('.').Append(digits, n, k - n);
        else if (n is > -6 and <= 0)
            text.Append("0.").Append('0', -n).Append(digits);
        else
        {
            text.Append(digits[0]);
            if (k > 1)
                text.Append('.').Append(digits, 1, k - 1);
            text.Append('e').Append(n - 1 >= 0 ? '+' : '-').Append(Math.Abs(n - 1).ToString(CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }

    /// <summary>Returns the sign, the digits without leading or trailing zeros, and n such that the value is 0.digits x 10^n.</summary>
    private static (bool Negative, string Digits, int N) Parse(string shortest)
    {
        var negative = shortest[0] == '-';
        var mantissa = negative ? shortest[1..] : shortest;
        var exponent = 0;
        var e = mantissa.IndexOf('E', StringComparison.Ordinal);
        if (e >= 0)
        {
            exponent = int.Parse(mantissa.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            mantissa = mantissa[..e];
        }
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? mantissa.Length : point;
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var leading = digits.Length - digits.TrimStart('0').Length;
        return (negative, digits.Trim('0'), whole - leading + exponent);
    }
}
