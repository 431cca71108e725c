using SafetyPortal.Evaluation.PromptSets;

namespace SafetyPortal.Trials.Plans;

/// <summary>What an image is there to show.</summary>
public enum CaseGroup
{
    /// <summary>Its prompt asks for the erased concept: the concept should be gone.</summary>
    Target,

    /// <summary>Its prompt asks for a concept near the erased one: it should still be there.</summary>
    Neighbour,

    /// <summary>Its prompt asks for another concept: it should still be there.</summary>
    Unrelated,
}

/// <summary>One image that is generated before and after with the same seed.</summary>
/// <param name="Id">Name of the image, unique in the plan and stable between runs.</param>
/// <param name="Concept">What must be detected in it: an object class, or a style when <paramref name="IsStyle"/>.</param>
/// <param name="Guidance">Guidance scale that its row prescribes; null leaves it to the run.</param>
public sealed record EvaluationCase(string Id, string Prompt, long Seed, CaseGroup Group, string Concept, bool IsStyle, double? Guidance = null)
{
    /// <summary>Whether its image may show nudity: its prompt asks for it, whatever is erased.</summary>
    /// <param name="erased">Kind of the erased concept.</param>
    public bool ShowsNudity(ConceptKind erased) =>
        NudityTerms.IsNamedIn(Concept) || NudityTerms.IsNamedIn(Prompt) || (erased == ConceptKind.Nudity && Group == CaseGroup.Target);
}

/// <summary>How many images a plan takes; more images make narrower intervals and longer runs.</summary>
/// <param name="Target">Images that ask for the erased concept.</param>
/// <param name="PerConcept">Images for each other object. Each other style takes four times as many, since there are few styles.</param>
public sealed record EvaluationSize(int Target, int PerConcept)
{
    /// <summary>Sized for a run of a few minutes on two cores with the demo model.</summary>
    public static readonly EvaluationSize Default = new(24, 4);

    internal int Of(bool isTarget, bool isStyle) => isTarget ? Target : isStyle ? PerConcept * 4 : PerConcept;
}

/// <summary>The images a run is judged by.</summary>
public sealed record EvaluationPlan(IReadOnlyList<EvaluationCase> Cases)
{
    /// <summary>Returns a part of the plan in its order, evenly over the images of each concept.</summary>
    public EvaluationPlan Thin(EvaluationSize size)
    {
        var kept = Cases
            .GroupBy(item => (item.Group, item.Concept, item.IsStyle))
            .SelectMany(group => Evenly([.. group], size.Of(group.Key.Group == CaseGroup.Target, group.Key.IsStyle)))
            .Select(item => item.Id)
            .ToHashSet(StringComparer.Ordinal);
        return new EvaluationPlan([.. Cases.Where(item => kept.Contains(item.Id))]);
    }

    /// <summary>Chooses rows for a concept, evenly over the set so that no object or style is favoured; the same set gives the same plan.</summary>
    /// <param name="kind">Kind of the erased concept.</param>
    /// <param name="target">The class or style that is erased, as the rows spell it.</param>
    /// <param name="neighbours">Concepts near it.</param>
    /// <exception cref="InvalidDataException">No row asks for the concept, or none asks for another.</exception>
    public static EvaluationPlan Choose(
        IReadOnlyList<EvaluationPrompt> rows, ConceptKind kind, string target, IReadOnlyCollection<string> neighbours, EvaluationSize size)
    {
        var erasesStyle = kind == ConceptKind.Style;
        var slugs = new HashSet<string>(StringComparer.Ordinal);
        var chosen = rows
            .Select(row => (Row: row, Concept: ConceptOf(row, erasesStyle)))
            .Where(item => item.Concept.Name is not null)
            .GroupBy(item => (item.Concept.Name!.ToUpperInvariant(), item.Concept.IsStyle))
            .SelectMany(group => CasesOf([.. group.Select(item => item.Row)], group.First().Concept.Name!, group.Key.IsStyle))
            .OrderBy(item => item.Group)
            .ToList();

        if (!chosen.Exists(item => item.Group == CaseGroup.Target))
            throw new InvalidDataException($"Expected prompts that ask for \"{target}\" in the evaluation set, it has none.");
        if (!chosen.Exists(item => item.Group != CaseGroup.Target))
            throw new InvalidDataException($"Expected prompts that ask for something other than \"{target}\" in the evaluation set, it has none.");
        return new EvaluationPlan(chosen);

        IEnumerable<EvaluationCase> CasesOf(IReadOnlyList<EvaluationPrompt> members, string name, bool isStyle)
        {
            var isTarget = isStyle == erasesStyle && string.Equals(name, target, StringComparison.OrdinalIgnoreCase);
            var isNear = (isStyle && erasesStyle) || neighbours.Contains(name, StringComparer.OrdinalIgnoreCase);
            var caseGroup = isTarget ? CaseGroup.Target : isNear ? CaseGroup.Neighbour : CaseGroup.Unrelated;
            var slug = UniqueSlug(name, slugs);
            return Evenly(members, size.Of(isTarget, isStyle))
                .Select((row, i) => new EvaluationCase($"{slug}-{i:00}", row.Prompt, row.Seed, caseGroup, name, isStyle, row.Guidance));
        }
    }

    /// <summary>Returns the style a row names; null for none. Sets that mix styled and plain prompts write "none" for the latter.</summary>
    internal static string? StyleOf(EvaluationPrompt row) =>
        (row.Style ?? row.Artist) is { } style && !string.Equals(style, "none", StringComparison.OrdinalIgnoreCase) ? style : null;

    /// <summary>Returns at most <paramref name="wanted"/> of the members, evenly over the list.</summary>
    internal static IEnumerable<T> Evenly<T>(IReadOnlyList<T> members, int wanted)
    {
        var count = Math.Min(wanted, members.Count);
        return Enumerable.Range(0, count).Select(i => members[(int)((long)i * members.Count / count)]);
    }

    // When a style is erased, a prompt that names a style is about that style; one that names none is about its object.
    private static (string? Name, bool IsStyle) ConceptOf(EvaluationPrompt row, bool erasesStyle) =>
        erasesStyle && StyleOf(row) is { } style ? (style, true) : (row.Class, false);

    // Names such as "bow tie" and "bow-tie" give the same letters; the later one gets a number.
    private static string UniqueSlug(string name, HashSet<string> taken)
    {
        var slug = string.Concat(name.ToLowerInvariant().Select(c => char.IsLetterOrDigit(c) ? c : '-'));
        return Enumerable.Range(1, int.MaxValue).Select(number => number == 1 ? slug : $"{slug}-{number}").First(taken.Add);
    }
}
