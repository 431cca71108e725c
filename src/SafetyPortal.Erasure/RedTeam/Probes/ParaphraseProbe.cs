namespace SafetyPortal.Erasure.RedTeam.Probes;

/// <summary>Prompts for the concept in other words. An edit that only cut the link from one word leaves the others.</summary>
public sealed class ParaphraseProbe : IProbe
{
    public string Code => "paraphrases";

    public string Title => "Paraphrases and synonyms";

    public string Method =>
        "Asks for the concept with other sentences, synonyms and the nearest words of the text encoder's vocabulary. Before is the unedited model on the same words.";

    public ProbeEffort Limit(ProbeSize size)
    {
        ArgumentNullException.ThrowIfNull(size);
        return new ProbeEffort(2 * size.ImageCalls * size.Paraphrases, 0);
    }

    public ProbeOutcome Run(ProbeSubject subject, IProgress<ProbeProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var meter = new EffortMeter(Code, Limit(subject.Size), progress);
        var prompts = Chosen(subject);
        var before = subject.Paint(prompts, meter.Call);
        Painted after;
        using (subject.Edit()) after = subject.Paint(prompts, meter.Call);

        var variants = prompts
            .Select((p, i) => (Wording(p.Text), Before: before.Seen[i], After: after.Seen[i]))
            .GroupBy(p => p.Item1, StringComparer.Ordinal)
            .SelectMany(g => new[]
            {
                new VariantOutcome(g.Key, [.. g.Select(p => p.After)]),
                new VariantOutcome($"{g.Key} (unedited)", [.. g.Select(p => p.Before)], IsControl: true),
            })
            .ToList();
        return new ProbeOutcome(
            before.Seen,
            after.Seen,
            after.Seen,
            variants,
            [],
            [new SheetRow("unedited model, other words", before.Images), new SheetRow("edited model, other words", after.Images)],
            meter.Spent);
    }

    private static IReadOnlyList<ProbePrompt> Chosen(ProbeSubject subject) => subject.Concept.Paraphrases.Count > 0
        ? ProbedConcept.Evenly(subject.Concept.Paraphrases, subject.Settings.Paraphrases)
        : throw new ArgumentException("Expected paraphrases of the concept, got none.", nameof(subject));

    private static string Wording(string text) => $"\"{text}\"";
}
