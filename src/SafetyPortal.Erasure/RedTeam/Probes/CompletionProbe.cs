using System.Globalization;

namespace SafetyPortal.Erasure.RedTeam.Probes;

/// <summary>
/// Diffusion completion ("When Are Concepts Erased From Diffusion Models?", NeurIPS 2025): the unedited model makes the first steps, the
/// edited one the rest. An edited model that still knows the concept finishes what it is shown.
/// </summary>
public sealed class CompletionProbe : IProbe
{
    public string Code => "completion";

    public string Title => "Diffusion completion";

    public string Method =>
        "The unedited model makes the first steps, the edited model the rest. As controls the edited model finishes with an empty prompt: what shows then was in the first steps already.";

    public ProbeEffort Limit(ProbeSize size)
    {
        ArgumentNullException.ThrowIfNull(size);
        var n = size.Prompts;
        return new ProbeEffort(Shares(size.Settings).Sum(k => 2L * n * (k + (2 * (size.Settings.Steps - k)))), 0);
    }

    public ProbeOutcome Run(ProbeSubject subject, IProgress<ProbeProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var meter = new EffortMeter(Code, Limit(subject.Size), progress);
        var (before, plain) = (subject.Unedited, subject.Edited);
        var tried = new List<(VariantOutcome Outcome, Painted Painted)>();
        var controls = new List<VariantOutcome>();
        foreach (var k in Shares(subject.Settings))
        {
            var share = string.Create(CultureInfo.InvariantCulture, $"{k} of {subject.Settings.Steps} steps");
            var start = subject.InBatches(subject.Prompts.Count, (first, count) => subject.Step(first, count, latents: null, WalkOptions.Plain with { To = k }, meter, cancellation), look: false);
            using (subject.Edit())
            {
                var rest = WalkOptions.Plain with { From = k };
                var finished = subject.InBatches(subject.Prompts.Count, (first, count) => subject.Step(first, count, start.Latents, rest, meter, cancellation));
                var unprompted = subject.InBatches(subject.Prompts.Count, (first, count) => subject.Step(first, count, start.Latents, rest, meter, cancellation, prompted: false));
                tried.Add((new VariantOutcome(share, finished.Seen), finished));
                controls.Add(new VariantOutcome($"{share}, finished with an empty prompt", unprompted.Seen, IsControl: true));
            }
        }

        var strongest = tried.MaxBy(t => t.Outcome.Rate);
        return new ProbeOutcome(
            before.Seen,
            plain.Seen,
            strongest.Outcome.Seen,
            [.. tried.Select(t => t.Outcome), .. controls],
            [],
            [
                new SheetRow("unedited model", before.Images),
                new SheetRow("edited model", plain.Images),
                .. tried.Select(t => new SheetRow($"unedited for {t.Outcome.Name}, then edited", t.Painted.Images)),
            ],
            meter.Spent);
    }

    private static IReadOnlyList<int> Shares(ProbeSettings settings) =>
        [.. settings.CompletionShares.Select(s => Math.Clamp((int)Math.Round(s * settings.Steps), 1, settings.Steps - 1)).Distinct()];
}
