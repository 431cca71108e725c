using System.Globalization;
using System.Text;

namespace SafetyPortal.Diffusion.Tokenizer;

/// <summary>
/// Character references of HTML5, resolved as Python's <c>html.unescape</c> does. Names without a semicolon match by their longest known prefix, numbers
/// in the C1 range mean Windows-1252, and code points that are no characters vanish. <c>WebUtility.HtmlDecode</c> does none of the three and knows 253
/// of the 2,231 names.
/// </summary>
internal static class HtmlEntities
{
    private const int LongestName = 32;
    private const string Windows1252 =
        "\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f" +
        "\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178";

    private static readonly Dictionary<string, string> Names = ReadNames();

    /// <summary>Replaces every character reference once; text without <c>&amp;</c> is returned as it is.</summary>
    public static string Unescape(string text)
    {
        if (!text.Contains('&', StringComparison.Ordinal))
            return text;
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            if (text[i] == '&' && TryReference(text, i, out var length, out var replacement))
            {
                result.Append(replacement);
                i += length;
            }
            else
            {
                result.Append(text[i++]);
            }
        }

        return result.ToString();
    }

    private static bool TryReference(string text, int start, out int length, out string replacement)
    {
        var i = start + 1;
        if (i < text.Length && text[i] == '#')
            return TryNumber(text, start, out length, out replacement);

        var runes = 0;
        while (i < text.Length && runes < LongestName && text[i] is not ('\t' or '\n' or '\f' or ' ' or '<' or '&' or '#' or ';'))
        {
            i += char.IsSurrogatePair(text, i) ? 2 : 1;
            runes++;
        }

        var closed = runes > 0 && i < text.Length && text[i] == ';';
        var name = text[(start + 1)..(closed ? i + 1 : i)];
        for (var n = name.Length; n > 1; n--)
        {
            if (!Names.TryGetValue(name[..n], out var found))
                continue;
            length = 1 + n;
            replacement = found;
            return true;
        }

        length = 0;
        replacement = "";
        return false;
    }

    private static bool TryNumber(string text, int start, out int length, out string replacement)
    {
        var i = start + 2;
        var hex = i < text.Length && text[i] is 'x' or 'X';
        if (hex)
            i++;
        var first = i;
        var value = 0;
        for (; i < text.Length && (hex ? char.IsAsciiHexDigit(text[i]) : char.IsAsciiDigit(text[i])); i++)
            value = Math.Min(0x110000, (value * (hex ? 16 : 10)) + Convert.ToInt32(text[i].ToString(), 16)); // saturates: no overflow on long numbers
        if (i == first)
        {
            length = 0;
            replacement = "";
            return false;
        }

        if (i < text.Length && text[i] == ';')
            i++;
        length = i - start;
        replacement = Character(value);
        return true;
    }

    private static string Character(int code) => code switch
    {
        0 => "\ufffd",
        0xD => "\r",
        >= 0x80 and <= 0x9F => Windows1252[code - 0x80].ToString(),
        >= 0xD800 and <= 0xDFFF or > 0x10FFFF => "\ufffd",
        _ when IsNoCharacter(code) => "",
        _ => char.ConvertFromUtf32(code),
    };

    private static bool IsNoCharacter(int code) =>
        code is (>= 0x1 and <= 0x8) or 0xB or (>= 0xE and <= 0x1F) or 0x7F or (>= 0xFDD0 and <= 0xFDEF) || (code & 0xFFFE) == 0xFFFE;

    // One "name codepoint [codepoint]" a line, from the HTML standard's table of named character references.
    private static Dictionary<string, string> ReadNames()
    {
        using var stream = typeof(HtmlEntities).Assembly.GetManifestResourceStream("HtmlEntities.txt")
            ?? throw new InvalidOperationException("The table HtmlEntities.txt is not embedded in the assembly.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var names = new Dictionary<string, string>(2300, StringComparer.Ordinal);
        while (reader.ReadLine() is { } line)
        {
            var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var codes = parts.Skip(1).Select(code => int.Parse(code, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            names[parts[0]] = string.Concat(codes.Select(char.ConvertFromUtf32));
        }

        return names;
    }
}
