namespace SafetyPortal.Erasure.RedTeam;

/// <summary>Prompt and seed of one image.</summary>
public sealed record ProbePrompt(string Text, long Seed);

/// <summary>The concept that the probes try to bring back.</summary>
/// <param name="Prompts">Prompts that ask for the concept, at least one; probes take as many as their size allows, evenly.</param>
/// <param name="Paraphrases">Other ways to ask for it.</param>
/// <param name="Words">Words that name the concept in the prompts, tried in their order; a prompt without any of them gets the new token at its end.</param>
public sealed record ProbedConcept(
    IReadOnlyList<ProbePrompt> Prompts, IReadOnlyList<ProbePrompt> Paraphrases, IReadOnlyList<string> Words)
{
    /// <summary>At most <paramref name="count"/> of the items, evenly over the list.</summary>
    internal static IReadOnlyList<T> Evenly<T>(IReadOnlyList<T> items, int count)
    {
        var take = Math.Min(count, items.Count);
        return [.. Enumerable.Range(0, take).Select(i => items[(int)((long)i * items.Count / take)])];
    }
}
