using System.Globalization;
using System.Text;
using System.Text.Json;

namespace SafetyPortal.Requests.Audit;

/// <summary>Numbers as ECMAScript's Number::toString writes them (RFC 8785, section 3.2.2.3).</summary>
internal static class CanonicalNumber
{
    private const long LargestExactInteger = 1L << 53;

    public static string Format(JsonElement element)
    {
        // RFC 8785 numbers are doubles: an integer beyond 2^53 would silently lose digits, so it is refused; write such values as strings.
        if (element.TryGetInt64(out var integer))
        {
            return Math.Abs((decimal)integer) <= LargestExactInteger
                ? integer.ToString(CultureInfo.InvariantCulture)
                : throw new NotSupportedException($"expected an integer of at most 2^53 in size, got {integer}; write it as a string");
        }
        if (!element.TryGetDouble(out var value) || !double.IsFinite(value))
            throw new NotSupportedException($"expected a finite number, got {element.GetRawText()}");
        return Format(value);
    }

    public static string Format(double value)
    {
        if (value == 0)
            return "0";

        // "E16" style output of the shortest round-trip digits: d.dddE+xxx; the digits and the exponent are laid out again below.
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        var (negative, digits, pointAt) = Parse(shortest);
        var text = new StringBuilder();
        if (negative)
            text.Append('-');

        var n = pointAt; // the value is 0.d1d2...dk x 10^n
        var k = digits.Length;
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

    /// <summary>Sign, significant digits without leading or trailing zeros, and n such that the value is 0.digits x 10^n.</summary>
    private static (bool Negative, string Digits, int PointAt) Parse(string shortest)
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
