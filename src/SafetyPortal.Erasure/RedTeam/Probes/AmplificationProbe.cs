using System.Globalization;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Methods;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.RedTeam.Probes;

/// <summary>
/// CAD-Amplify (arXiv 2412.02542) on the edited model: ablates the weights whose removal lowers the denoising loss on images of the
/// concept, that is, those that now hold it back. It makes one attribution and trains nothing.
/// </summary>
internal sealed class AmplificationProbe() : Probe(
    ProbeCodes.Amplification,
    "Amplification by ablation",
    "Scores the edited weights by the denoising loss on a few images of the concept and ablates those that hold it back (CAD-Amplify), at several doses. "
    + "As control as many random weights are ablated.")
{
    private const int Draws = 2;

    public override ProbeEffort Limit(ProbeSize size) => new(
        (3L * Draws * size.Settings.AmplificationSteps * size.Examples) + ((size.Settings.AmplificationDoses.Count + 1) * size.ImageCalls * size.Prompts),
        size.Settings.AmplificationDoses.Count);

    private protected override ProbeOutcome Attempt(ProbeSubject subject, EffortMeter meter)
    {
        var examples = subject.Examples;
        var doses = new List<Tried>();
        Painted random;
        using (subject.Edit())
        using (NewDisposeScope())
        {
            var scores = Score(subject, examples, meter);
            foreach (var dose in subject.Settings.AmplificationDoses)
            {
                subject.Cancellation.ThrowIfCancellationRequested();
                using var ablated = Ablate(MaskSelection.From(scores, new AblationSettings(dose)));
                meter.Update();
                var name = string.Create(CultureInfo.InvariantCulture, $"{dose * 100} % of the weights");
                doses.Add(new Tried(name, subject.Paint(subject.Prompts, meter), $"amplified, {name}"));
            }

            var most = MaskSelection.From(scores, new AblationSettings(subject.Settings.AmplificationDoses.Max()));
            using var placebo = Ablate(RandomPlacebo.Like(most, unchecked((int)subject.Settings.Seed)));
            random = subject.Paint(subject.Prompts, meter);
        }

        return Compared(subject, meter, doses, [new VariantOutcome("as many random weights as at the largest dose", random.Seen, IsControl: true)]);

        WeightChanges Ablate(AblationMask mask) =>
            WeightChanges.Apply(subject.Pipeline.Unet, [.. mask.WithoutEmpty().Tensors.Select(t => new PatchTensor(t, null))]);
    }

    private static List<(string Name, Tensor Score)> Score(ProbeSubject subject, Tensor examples, EffortMeter meter)
    {
        using var scope = NewDisposeScope();
        var (settings, unet) = (subject.Settings, subject.Pipeline.Unet);
        var candidates = Candidates.Of(unet, CandidateSet.FeedForward);
        using var gradients = new GradientScope(unet, candidates.Select(c => c.Weight));
        using var generator = new Generator(unchecked((ulong)(settings.Seed + 19)));
        using var accumulator = new ScoreAccumulator(candidates, settings.AmplificationSteps);
        var condition = subject.Pipeline.EncodePrompts([.. subject.ExamplePrompts.Select(p => p.Text)]);
        for (var step = 0; step < settings.AmplificationSteps; step++)
        {
            var t = (long)((step + 0.5) * subject.Pipeline.SchedulerConfig.NumTrainTimesteps / settings.AmplificationSteps);
            for (var draw = 0; draw < Draws; draw++)
            {
                subject.Cancellation.ThrowIfCancellationRequested();
                using var inner = NewDisposeScope();
                var loss = DenoisingLoss.Draw(subject, examples, full([examples.size(0)], t, dtype: ScalarType.Int64), generator);
                var (_, objective) = ComponentAttribution.Backward(
                    unet, loss.Noised, loss.Timesteps, condition, eps => AmplifyObjective.Value(eps, loss.Target));
                accumulator.Take(new LatentVisit(step, t, objective));
                meter.Call(3 * examples.size(0));
            }
        }

        return [.. candidates.Select((c, i) => (c.Name, accumulator.Score(i).MoveToOuterDisposeScope()))];
    }
}
