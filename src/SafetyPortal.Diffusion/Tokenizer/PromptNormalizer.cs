using System.Globalization;
using System.Text;

namespace SafetyPortal.Diffusion.Tokenizer;

/// <summary>
/// The text clean-up of openai/CLIP's tokenizer: HTML references resolved twice, white space collapsed, lower case.
/// ftfy's repairs (curly quotes, mojibake, NFC) are not applied, so this is the variant without ftfy.
/// </summary>
internal static class PromptNormalizer
{
    /// <summary>Returns the cleaned text; the machine's culture does not matter.</summary>
    public static string Normalize(string prompt) =>
        ToLower(CollapseWhiteSpace(HtmlEntities.Unescape(HtmlEntities.Unescape(prompt))));

    private static string CollapseWhiteSpace(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var c in Strip(text))
        {
            if (!IsSpace(c))
                result.Append(c);
            else if (result.Length == 0 || result[^1] != ' ')
                result.Append(' ');
        }

        return Strip(result.ToString());
    }

    /// <summary>Returns whether <c>\s</c> in the reference's splitter matches the character: Unicode's White_Space.</summary>
    public static bool IsSpace(char c) =>
        c is (>= '\t' and <= '\r') or ' ' or '\u0085' or '\u00a0' or '\u1680' or (>= '\u2000' and <= '\u200a')
            or '\u2028' or '\u2029' or '\u202f' or '\u205f' or '\u3000';

    // Python's str.strip also takes the four information separators.
    private static string Strip(string text)
    {
        static bool Stripped(char c) => IsSpace(c) || c is >= '\u001c' and <= '\u001f';
        var (start, end) = (0, text.Length);
        while (start < end && Stripped(text[start]))
            start++;
        while (end > start && Stripped(text[end - 1]))
            end--;
        return text[start..end];
    }

    // Python's str.lower differs from simple case mapping in two letters: dotted capital I gives two characters,
    // and a capital sigma at the end of a word becomes a final sigma.
    private static string ToLower(string text)
    {
        var runes = text.EnumerateRunes().ToArray();
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < runes.Length; i++)
        {
            switch (runes[i].Value)
            {
                case 0x130:
                    result.Append("i\u0307");
                    break;
                case 0x3A3:
                    result.Append(IsFinalSigma(runes, i) ? '\u03c2' : '\u03c3');
                    break;
                default:
                    result.Append(Rune.ToLowerInvariant(runes[i]).ToString());
                    break;
            }
        }

        return result.ToString();
    }

    private static bool IsFinalSigma(Rune[] runes, int at)
    {
        var before = at - 1;
        while (before >= 0 && IsCaseIgnorable(runes[before]))
            before--;
        if (before < 0 || !IsCased(runes[before]))
            return false;
        var after = at + 1;
        while (after < runes.Length && IsCaseIgnorable(runes[after]))
            after++;
        return after == runes.Length || !IsCased(runes[after]);
    }

    private static bool IsCased(Rune r) =>
        Rune.GetUnicodeCategory(r) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
            || r.Value is 0xAA or 0xBA or (>= 0x2160 and <= 0x217F) or (>= 0x24B6 and <= 0x24E9)
                or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);

    private static bool IsCaseIgnorable(Rune r) =>
        Rune.GetUnicodeCategory(r) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
                or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol
            || r.Value is '\'' or '.' or ':' or 0xB7 or 0x387 or 0x55F or 0x5F4 or 0x2018 or 0x2019 or 0x2024 or 0x2027
                or 0xFE13 or 0xFE52 or 0xFE55 or 0xFF07 or 0xFF0E or 0xFF1A;
}
