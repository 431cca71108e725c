using SafetyPortal.Evaluation.PromptSets;

namespace SafetyPortal.Trials.Plans;

/// <summary>What an image is there to show.</summary>
public enum CaseGroup
{
    /// <summary>Its prompt asks for the erased concept: the concept should be gone.</summary>
    Target,

    /// <summary>Its prompt asks for something akin to the concept: it should still be there.</summary>
    Neighbour,

    /// <summary>Its prompt asks for something else: it should still be there.</summary>
    Unrelated,
}

/// <summary>One image that is generated before and after with the same seed.</summary>
/// <param name="Id">Name of the image, unique in the plan and stable between runs.</param>
/// <param name="Concept">What must be detected in it: an object class, or a style when <paramref name="IsStyle"/>.</param>
/// <param name="Guidance">Guidance scale that its row prescribes; null leaves it to the run.</param>
public sealed record EvaluationCase(string Id, string Prompt, long Seed, CaseGroup Group, string Concept, bool IsStyle, double? Guidance = null)
{
    /// <summary>Whether its image may show nudity: it asks for it, whatever is erased.</summary>
    /// <param name="erased">Kind of the erased concept.</param>
    public bool ShowsNudity(ConceptKind erased) =>
        PlanChoice.IsNudity(Concept) || PlanChoice.IsNudity(Prompt) || (erased == ConceptKind.Nudity && Group == CaseGroup.Target);
}

/// <summary>How many images a plan takes; more images make narrower intervals and longer runs.</summary>
/// <param name="Target">Images that ask for the erased concept.</param>
/// <param name="PerConcept">Images for each other concept.</param>
public sealed record EvaluationSize(int Target, int PerConcept)
{
    /// <summary>Sized for a run of a few minutes on two cores with the demo model.</summary>
    public static readonly EvaluationSize Default = new(24, 4);
}

/// <summary>The images a run is judged by.</summary>
public sealed record EvaluationPlan(IReadOnlyList<EvaluationCase> Cases)
{
    /// <summary>Part of the plan, evenly over the images of each concept, in the plan's order; for what need not be known as exactly.</summary>
    public EvaluationPlan Thin(EvaluationSize size)
    {
        ArgumentNullException.ThrowIfNull(size);
        var kept = Cases
            .GroupBy(item => (item.Group, item.Concept, item.IsStyle))
            .SelectMany(group => Evenly([.. group], group.Key.Group == CaseGroup.Target ? size.Target : group.Key.IsStyle ? size.PerConcept * 4 : size.PerConcept))
            .Select(item => item.Id)
            .ToHashSet(StringComparer.Ordinal);
        return new EvaluationPlan([.. Cases.Where(item => kept.Contains(item.Id))]);
    }

    /// <summary>Chooses rows for a concept, evenly over the set so that no object or style is favoured; the same set gives the same plan.</summary>
    /// <param name="rows">Prompt set.</param>
    /// <param name="kind">Kind of the erased concept.</param>
    /// <param name="target">The class or style that is erased, as the rows spell it.</param>
    /// <param name="neighbours">Concepts akin to it.</param>
    /// <param name="size">How many images.</param>
    /// <exception cref="InvalidDataException">No row asks for the concept, or none asks for anything else.</exception>
    public static EvaluationPlan Choose(
        IReadOnlyList<EvaluationPrompt> rows, ConceptKind kind, string target, IReadOnlyCollection<string> neighbours, EvaluationSize size)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(size);
        var isStyle = kind == ConceptKind.Style;
        var slugs = new HashSet<string>(StringComparer.Ordinal);
        var chosen = rows
            .Select(row => (Row: row, Concept: ConceptOf(row, isStyle)))
            .Where(item => item.Concept.Name is not null)
            .GroupBy(item => (item.Concept.Name!.ToUpperInvariant(), item.Concept.IsStyle))
            .SelectMany(group => CasesOf([.. group.Select(item => item.Row)], group.First().Concept.Name!, group.Key.IsStyle, slugs, target, isStyle, neighbours, size))
            .OrderBy(item => item.Group)
            .ToList();

        if (!chosen.Exists(item => item.Group == CaseGroup.Target))
            throw new InvalidDataException($"Expected prompts that ask for \"{target}\" in the evaluation set, it has none.");
        if (!chosen.Exists(item => item.Group != CaseGroup.Target))
            throw new InvalidDataException($"Expected prompts that ask for something other than \"{target}\" in the evaluation set, it has none.");
        return new EvaluationPlan(chosen);
    }

    // When a style is erased, a prompt that names a style is about that style; one that names none is about its object.
    private static (string? Name, bool IsStyle) ConceptOf(EvaluationPrompt row, bool isStyle) =>
        isStyle && StyleOf(row) is { } style ? (style, true) : (row.Class, false);

    // Sets that mix styled and unstyled prompts write "none" for the latter.
    private static string? StyleOf(EvaluationPrompt row) =>
        (row.Style ?? row.Artist) is { } style && !string.Equals(style, "none", StringComparison.OrdinalIgnoreCase) ? style : null;

    private static IEnumerable<EvaluationCase> CasesOf(
        IReadOnlyList<EvaluationPrompt> rows, string name, bool namesStyle, HashSet<string> slugs, string target, bool isStyle, IReadOnlyCollection<string> neighbours, EvaluationSize size)
    {
        var isTarget = namesStyle == isStyle && string.Equals(name, target, StringComparison.OrdinalIgnoreCase);
        var kin = (namesStyle && isStyle) || neighbours.Contains(name, StringComparer.OrdinalIgnoreCase);
        var caseGroup = isTarget ? CaseGroup.Target : kin ? CaseGroup.Neighbour : CaseGroup.Unrelated;

        // A style has few siblings, so each may take as many images as several objects would.
        var wanted = isTarget ? size.Target : namesStyle ? size.PerConcept * 4 : size.PerConcept;
        var slug = UniqueSlug(name, slugs);
        return Evenly(rows, wanted)
            .Select((row, i) => new EvaluationCase($"{slug}-{i:00}", row.Prompt, row.Seed, caseGroup, name, namesStyle, row.Guidance));
    }

    // Names such as "bow tie" and "bow-tie" give the same letters; the later one gets a number.
    private static string UniqueSlug(string name, HashSet<string> taken)
    {
        var slug = string.Concat(name.ToLowerInvariant().Select(c => char.IsLetterOrDigit(c) ? c : '-'));
        return Enumerable.Range(1, int.MaxValue).Select(number => number == 1 ? slug : $"{slug}-{number}").First(taken.Add);
    }

    private static IEnumerable<T> Evenly<T>(IReadOnlyList<T> members, int wanted)
    {
        var count = Math.Min(wanted, members.Count);
        return Enumerable.Range(0, count).Select(i => members[(int)((long)i * members.Count / count)]);
    }
}
