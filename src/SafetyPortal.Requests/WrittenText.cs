using System.Buffers;
using System.Globalization;
using System.Text;

namespace SafetyPortal.Requests;

/// <summary>
/// Checks text that a person wrote. A reader must see all of it: invisible characters do not count towards a length, and text with characters
/// that hide or reorder it is unfit.
/// </summary>
public static class WrittenText
{
    // Unicode calls these letters and symbols; every font leaves them blank.
    private const string Blanks = "\u115F\u1160\u2800\u3164\uFFA0";
    private const string Reordering = "\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069";

    /// <summary>Whether the text is one line of <paramref name="min"/> to <paramref name="max"/> characters, none of them invisible.</summary>
    public static bool IsLine(string? text, int min, int max) => IsFit(text, min, max, lines: false);

    /// <summary>The same for several lines. They may hold the invisible joiners that some scripts need, which do not count.</summary>
    public static bool IsText(string? text, int min, int max) => IsFit(text, min, max, lines: true);

    /// <summary>Returns the trimmed reason.</summary>
    /// <param name="what">Completes "Say in 10 to 2,000 characters ...".</param>
    /// <exception cref="InvalidRequestException">The reason is missing, too short or too long.</exception>
    internal static string DemandReason(string? reason, string what, int min = 10, int max = 2000) => IsText(reason, min, max)
        ? reason!.Trim()
        : throw new InvalidRequestException([new(nameof(reason), $"Say in {min} to {max:N0} characters {what}.")]);

    private static bool IsFit(string? text, int min, int max, bool lines)
    {
        if (text is null || text.Length > max)
            return false;
        text = text.Trim();
        var (visible, blank) = (0, 0);
        for (int i = 0, length; i < text.Length; i += length)
        {
            if (Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out length) != OperationStatus.Done)
                return false;
            switch (Rune.GetUnicodeCategory(rune))
            {
                case UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                    when !(lines && text[i] is '\n' or '\r' or '\t'):
                case UnicodeCategory.Format when !lines || Reordering.Contains(text[i], StringComparison.Ordinal):
                    return false;
                case UnicodeCategory.Control or UnicodeCategory.SpaceSeparator:
                    blank++;
                    break;
                case UnicodeCategory.Format or UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark:
                    break;
                default:
                    visible += Blanks.Contains(text[i], StringComparison.Ordinal) ? 0 : 1;
                    break;
            }
        }
        return min == 0 || (visible > 0 && visible + blank >= min);
    }
}
