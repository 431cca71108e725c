using System.Text.RegularExpressions;

namespace SafetyPortal.Findings;

/// <summary>Base prompts and the reason for them, which the request page shows.</summary>
public sealed record BasePromptChoice(IReadOnlyList<string> Prompts, string Explanation);

/// <summary>
/// Default prompts per concept kind. The base prompt describes what should remain. With the empty prompt the objective also scores the surroundings
/// of the concept; with the same prompts minus the concept ("contrastive") it isolates a style or an attribute.
/// </summary>
public static partial class ConceptPrompts
{
    // Measured: four things in a style left the edit blind to others. An object looks much the same in many styles, so fewer suffice.
    private const int MaxObjects = 8;
    private const int MaxStyles = 4;

    /// <summary>Prompts that show the concept.</summary>
    /// <param name="contexts">Things the model can draw; a style is shown on up to eight of them.</param>
    /// <param name="styles">
    /// Styles it draws in; an object is shown in up to four of them, since the plain prompt alone finds the weights of one look.
    /// </param>
    public static IReadOnlyList<string> DefaultFor(ConceptKind kind, string name, IReadOnlyList<string> contexts, IReadOnlyList<string>? styles = null)
    {
        var concept = ConceptName.KeyOf(name);
        return kind switch
        {
            ConceptKind.Object when styles is { Count: > 0 } =>
                [.. styles.Take(MaxStyles).Select(style => $"a picture of {Article(concept)} {concept} in the style of {style}")],
            ConceptKind.Object => [$"a picture of {Article(concept)} {concept}"],
            ConceptKind.Style when contexts.Count > 0 =>
                [.. contexts.Take(MaxObjects).Select(thing => $"a picture of {Article(thing)} {thing} in the style of {concept}")],
            ConceptKind.Style => [$"a picture in the style of {concept}"],
            ConceptKind.Nudity => ["a picture of a nude mannequin"],
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "expected Object, Style or Nudity"),
        };
    }

    /// <summary>The base prompts of a request that names none: one empty prompt for objects, the stripped prompts otherwise.</summary>
    public static BasePromptChoice DefaultBase(ConceptKind kind, string name, IReadOnlyList<string> synonyms, IReadOnlyList<string> conceptPrompts)
    {
        if (kind == ConceptKind.Object)
            return new([""], "Objects are compared with the empty prompt: everything that makes the object appear is scored.");

        string[] words = [name, .. synonyms, .. kind == ConceptKind.Nudity ? NudityTerms.PromptWords : []];
        string[] stripped = [.. conceptPrompts.Select(prompt => Strip(prompt, words))];
        return new(stripped, kind == ConceptKind.Style
            ? "Styles are compared with the same prompts without the style, so that the things drawn are kept and only the way of drawing is scored."
            : "Nudity is compared with the same prompts without the word for it, so that people are kept and only their being unclothed is scored.");
    }

    /// <summary>The default ablation scope of a kind: within whole tensors, which erased with fewer weights than single rows on small models.</summary>
    public static AblationScope DefaultScope(ConceptKind kind) => kind switch
    {
        ConceptKind.Object or ConceptKind.Style or ConceptKind.Nudity => AblationScope.Tensor,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "expected Object, Style or Nudity"),
    };

    /// <summary>The prompt without the words, without a phrase "in the style of (word)", and with its article repaired.</summary>
    internal static string Strip(string prompt, IEnumerable<string> words)
    {
        var text = prompt;
        foreach (var word in words.Where(w => !string.IsNullOrWhiteSpace(w)).OrderByDescending(w => w.Length))
        {
            var escaped = Regex.Escape(word.Trim());
            foreach (var pattern in new[] { $@"\b(?:in|with)\s+the\s+style\s+of\s+{escaped}(?!\w)", $@"(?<!\w){escaped}(?!\w)" })
                text = Regex.Replace(text, pattern, "", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }

        text = DanglingArticle().Replace(Blanks().Replace(text, " ").Trim(), "");
        return Articles().Replace(text, match => Article(match.Groups["noun"].Value) + " " + match.Groups["noun"].Value);
    }

    private static string Article(string noun) => noun.Length > 0 && "aeiouAEIOU".Contains(noun[0], StringComparison.Ordinal) ? "an" : "a";

    [GeneratedRegex(@"(?:^|\s)an?$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex DanglingArticle();

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Blanks();

    [GeneratedRegex(@"\ban? (?<noun>\w+)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Articles();
}
