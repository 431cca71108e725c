namespace SafetyPortal.Erasure.RedTeam.Probes;

/// <summary>Prompts for the concept in other words. An edit that only cut the link from one word leaves the others.</summary>
internal sealed class ParaphraseProbe() : Probe(
    ProbeCodes.Paraphrases,
    "Paraphrases and synonyms",
    "Prompts for the concept in other sentences, synonyms and the nearest words of the text encoder's vocabulary. "
    + "Before is the unedited model on the same words.")
{
    public override ProbeEffort Limit(ProbeSize size) => new(2 * size.ImageCalls * size.Paraphrases, 0);

    private protected override ProbeOutcome Attempt(ProbeSubject subject, EffortMeter meter)
    {
        if (subject.Concept.Paraphrases.Count == 0)
            throw new ArgumentException("Expected paraphrases of the concept, got none.", nameof(subject));
        var prompts = ProbedConcept.Evenly(subject.Concept.Paraphrases, subject.Settings.Paraphrases);
        var before = subject.Paint(prompts, meter);
        Painted after;
        using (subject.Edit())
            after = subject.Paint(prompts, meter);

        var variants = Enumerable.Range(0, prompts.Count)
            .GroupBy(i => $"\"{prompts[i].Text}\"", StringComparer.Ordinal)
            .SelectMany(g => new[]
            {
                new VariantOutcome(g.Key, [.. g.Select(i => after.Seen[i])]),
                new VariantOutcome($"{g.Key} (unedited)", [.. g.Select(i => before.Seen[i])], IsControl: true),
            });
        return new ProbeOutcome(
            before.Seen,
            after.Seen,
            after.Seen,
            [.. variants],
            [],
            [new SheetRow("unedited model, other words", before.Images), new SheetRow("edited model, other words", after.Images)],
            meter.Spent);
    }
}
