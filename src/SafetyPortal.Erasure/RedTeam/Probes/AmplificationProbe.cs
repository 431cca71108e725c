using System.Globalization;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.RedTeam.Probes;

/// <summary>
/// CAD-Amplify (arXiv 2412.02542) on the edited model: ablates the weights whose removal lowers the denoising loss on images of the
/// concept, that is, those that now hold it back. It makes one attribution and trains nothing.
/// </summary>
public sealed class AmplificationProbe : IProbe
{
    private const int Draws = 2;

    public string Code => "amplification";

    public string Title => "Amplification by ablation";

    public string Method =>
        "Scores the edited weights by the denoising loss on a few images of the concept and ablates those that hold it back (CAD-Amplify), at several doses. As control as many random weights are ablated.";

    public ProbeEffort Limit(ProbeSize size)
    {
        ArgumentNullException.ThrowIfNull(size);
        var settings = size.Settings;
        return new ProbeEffort(
            (3L * Draws * settings.AmplificationSteps * size.Examples) + ((settings.AmplificationDoses.Count + 1) * size.ImageCalls * size.Prompts),
            settings.AmplificationDoses.Count);
    }

    public ProbeOutcome Run(ProbeSubject subject, IProgress<ProbeProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var meter = new EffortMeter(Code, Limit(subject.Size), progress);
        var (before, plain) = (subject.Unedited, subject.Edited);
        var examples = subject.Examples;
        var doses = new List<(VariantOutcome Outcome, Painted Painted)>();
        Painted random;
        using (subject.Edit())
        {
            var unet = subject.Pipeline.Unet;
            var candidates = Candidates.Of(unet, CandidateSet.FeedForward);
            var scores = Score(subject, candidates, examples, meter, cancellation);
            try
            {
                foreach (var dose in subject.Settings.AmplificationDoses)
                {
                    cancellation.ThrowIfCancellationRequested();
                    using var ablated = Ablate(MaskSelection.From(scores, new AblationSettings(dose)));
                    meter.Update();
                    var painted = subject.Paint(subject.Prompts, meter.Call);
                    doses.Add((new VariantOutcome(string.Create(CultureInfo.InvariantCulture, $"{dose * 100} % of the weights"), painted.Seen), painted));
                }

                var most = MaskSelection.From(scores, new AblationSettings(subject.Settings.AmplificationDoses.Max()));
                using (Ablate(Methods.RandomPlacebo.Like(most, unchecked((int)subject.Settings.Seed)))) random = subject.Paint(subject.Prompts, meter.Call);
            }
            finally
            {
                foreach (var (_, score) in scores) score.Dispose();
            }

            AppliedPatch Ablate(AblationMask mask) => AppliedPatch.WriteUnverified(
                unet, new AblationPatch([.. mask.Tensors.Where(t => t.Indices.Length > 0).Select(t => new PatchTensor(t, null))], string.Empty, string.Empty, new Dictionary<string, string>(StringComparer.Ordinal)));
        }

        var strongest = doses.MaxBy(d => d.Outcome.Rate);
        return new ProbeOutcome(
            before.Seen,
            plain.Seen,
            strongest.Outcome.Seen,
            [.. doses.Select(d => d.Outcome), new VariantOutcome("as many random weights as at the largest dose", random.Seen, IsControl: true)],
            [],
            [
                new SheetRow("unedited model", before.Images),
                new SheetRow("edited model", plain.Images),
                .. doses.Select(d => new SheetRow($"amplified, {d.Outcome.Name}", d.Painted.Images)),
            ],
            meter.Spent);
    }

    private static List<(string Name, Tensor Score)> Score(
        ProbeSubject subject, IReadOnlyList<Candidate> candidates, Tensor examples, EffortMeter meter, CancellationToken cancellation)
    {
        var settings = subject.Settings;
        using var scope = NewDisposeScope();
        using var gradients = new GradientScope(subject.Pipeline.Unet, candidates.Select(c => c.Weight));
        using var generator = new Generator(unchecked((ulong)(settings.Seed + 19)));
        using var accumulator = new ScoreAccumulator(candidates, settings.AmplificationSteps);
        var condition = subject.Pipeline.EncodePrompts([.. subject.ExamplePrompts.Select(p => p.Text)]);
        var train = subject.Pipeline.SchedulerConfig.NumTrainTimesteps;
        for (var step = 0; step < settings.AmplificationSteps; step++)
        {
            var t = (long)((step + 0.5) * train / settings.AmplificationSteps);
            for (var draw = 0; draw < Draws; draw++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var inner = NewDisposeScope();
                var noise = randn(examples.shape, dtype: ScalarType.Float32, generator: generator).to(examples.dtype, examples.device);
                var timestep = tensor(new[] { t }, device: examples.device);
                var noised = subject.Walk.AddNoise(examples, noise, tensor(new[] { t }));
                var target = subject.Walk.TrainingTarget(examples, noise, tensor(new[] { t }));
                var objective = AmplifyObjective.Evaluate(subject.Pipeline.Unet, noised, timestep, target, condition);
                objective.backward();
                accumulator.Take(new LatentVisit(step, t, objective.ToDouble()));
                meter.Call(3 * examples.size(0));
            }
        }

        return [.. candidates.Zip(accumulator.Scores(), (c, s) => (c.Name, s))];
    }
}
