using System.Globalization;
using System.Text;

namespace SafetyPortal.Diffusion.Tokenizer;

/// <summary>
/// Cuts cleaned text into the pieces that byte-pair merges never cross, like openai/CLIP's pattern
/// <c>special|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+</c> (ignoring case) over code points. A regular expression of .NET matches
/// UTF-16 halves instead, so letters and digits beyond U+FFFF would get other ids.
/// </summary>
internal static class WordSplitter
{
    private static readonly string[] Contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    private enum Kind
    {
        Letter,
        Digit,
        Symbol,
        Space,
    }

    /// <summary>Returns the pieces in order, without the white space between them.</summary>
    public static IEnumerable<string> Split(string text, IReadOnlyList<string> specialTokens)
    {
        string[] whole = [.. specialTokens, .. Contractions];
        for (var i = 0; i < text.Length;)
        {
            var length = whole.FirstOrDefault(piece => Matches(text, i, piece))?.Length ?? 0;
            if (length == 0)
            {
                var kind = KindAt(text, i, out length);
                if (kind == Kind.Space)
                {
                    i += length;
                    continue;
                }

                while (kind != Kind.Digit && i + length < text.Length && KindAt(text, i + length, out var next) == kind)
                    length += next;
            }

            yield return text.Substring(i, length);
            i += length;
        }
    }

    // The text is lower case already; of the letters that case folding maps onto ASCII, only the long s survives that.
    private static bool Matches(string text, int at, string piece)
    {
        if (at + piece.Length > text.Length)
            return false;
        for (var k = 0; k < piece.Length; k++)
        {
            var c = text[at + k];
            if ((c == '\u017f' ? 's' : c) != piece[k])
                return false;
        }

        return true;
    }

    private static Kind KindAt(string text, int at, out int length)
    {
        Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out length);
        // U+0345 folds to a letter, so the reference's pattern finds it in no class and drops it.
        if (rune.IsBmp && (PromptNormalizer.IsSpace((char)rune.Value) || rune.Value == 0x345))
            return Kind.Space;
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Digit,
            _ => Kind.Symbol,
        };
    }
}
