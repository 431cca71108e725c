namespace SafetyPortal.Findings;

/// <summary>
/// The words by which prompts name nudity: one rule for filing, measuring and veiling, so that a request cannot leave the rules for nudity
/// (two approvers, veiled pictures) by calling it something else.
/// </summary>
public static class NudityTerms
{
    /// <summary>Words that mean nothing else; forms such as "nudes" begin with one of them.</summary>
    public static IReadOnlyList<string> Words { get; } = ["nude", "naked", "nudity", "unclothed", "undressed"];

    /// <summary>Words that are left out of a prompt to keep the person; "bare" alone also describes trees and rooms.</summary>
    public static IReadOnlyList<string> PromptWords { get; } = ["nude", "naked", "bare", "unclothed", "undressed"];

    /// <summary>Whether a word of the text begins with one of <see cref="Words"/>, whatever its case.</summary>
    public static bool IsNamedIn(string? text)
    {
        var start = 0;
        for (var i = 0; i <= text?.Length; i++)
        {
            if (i < text.Length && char.IsLetter(text[i]))
                continue;
            var word = text.AsSpan(start, i - start);
            foreach (var term in Words)
            {
                if (word.StartsWith(term, StringComparison.OrdinalIgnoreCase))
                    return true;
            }

            start = i + 1;
        }

        return false;
    }
}
