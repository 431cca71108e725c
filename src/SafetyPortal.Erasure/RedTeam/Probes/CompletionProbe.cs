using System.Globalization;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.RedTeam.Probes;

/// <summary>
/// Diffusion completion ("When Are Concepts Erased From Diffusion Models?", NeurIPS 2025): the unedited model makes the first steps, the
/// edited one the rest. An edited model that still knows the concept finishes what it is shown.
/// </summary>
internal sealed class CompletionProbe() : Probe(
    ProbeCodes.Completion,
    "Diffusion completion",
    "The unedited model makes the first steps, the edited model the rest. As controls the edited model finishes with an empty prompt: "
    + "what shows then was in the first steps already.")
{
    public override ProbeEffort Limit(ProbeSize size) =>
        new(Shares(size.Settings).Sum(k => 2L * size.Prompts * (k + (2 * (size.Settings.Steps - k)))), 0);

    private protected override ProbeOutcome Attempt(ProbeSubject subject, EffortMeter meter)
    {
        var tried = new List<Tried>();
        var controls = new List<VariantOutcome>();
        foreach (var k in Shares(subject.Settings))
        {
            var share = string.Create(CultureInfo.InvariantCulture, $"{k} of {subject.Settings.Steps} steps");
            var started = subject.Latents(subject.Prompts, (_, batch) => subject.Run(batch, new WalkOptions { To = k }, meter.Call));
            using (subject.Edit())
            {
                tried.Add(new Tried(share, Finish(k, started, prompted: true), $"unedited for {share}, then edited"));
                controls.Add(new VariantOutcome($"{share}, finished with an empty prompt", Finish(k, started, prompted: false).Seen, IsControl: true));
            }
        }

        return Compared(subject, meter, tried, controls);

        Painted Finish(int k, Tensor started, bool prompted) => subject.Paint(subject.Prompts, meter, (first, batch) => new WalkOptions
        {
            From = k,
            Start = started.narrow(0, first, batch.Count),
            Condition = prompted ? null : subject.Unconditional(batch.Count),
        });
    }

    private static IReadOnlyList<int> Shares(ProbeSettings settings) =>
        [.. settings.CompletionShares.Select(s => Math.Clamp((int)Math.Round(s * settings.Steps), 1, settings.Steps - 1)).Distinct()];
}
