using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Faithfulness;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Methods;

/// <summary>How <see cref="LearnedSuppression"/> searches.</summary>
/// <param name="Steps">Rounds of attribution.</param>
/// <param name="Rate">How far a factor may move in the first round; falls evenly to 0.</param>
/// <param name="Protect">Weight of the predictions to keep against the concept.</param>
/// <param name="KeepBatch">Protected points of one round; the rounds take all of them in turn.</param>
/// <param name="Overshoot">
/// Distance of the target past the base prediction, in parts of the difference to the concept's, since guidance multiplies that difference.
/// </param>
/// <param name="Batch">Points of one backward pass.</param>
public sealed record SuppressionSettings(
    int Steps = 16, double Rate = 0.15, double Protect = 1, int KeepBatch = 16, double Overshoot = 3, int Batch = 8)
{
    internal static void Validate(SuppressionSettings settings)
    {
        string? problem = settings switch
        {
            { Steps: < 1 } or { KeepBatch: < 1 } or { Batch: < 1 }
                => $"Expected at least 1 round, protected point and point of a pass, got {settings.Steps}, {settings.KeepBatch} and {settings.Batch}.",
            { Rate: not (> 0 and <= 1) } => $"Expected a rate above 0 and at most 1, got {settings.Rate}.",
            { Protect: not (>= 0 and < double.PositiveInfinity) } => $"Expected a weight of at least 0 for the predictions to keep, got {settings.Protect}.",
            { Overshoot: not (>= 0 and < double.PositiveInfinity) } => $"Expected an overshoot of at least 0, got {settings.Overshoot}.",
            _ => null,
        };
        if (problem is not null)
            throw new ArgumentException(problem, nameof(settings));
    }
}

/// <summary>
/// Partial suppression: every weight of a mask is scaled by a factor from 1 (kept) to 0 (ablated) that is found in rounds of attribution.
/// The gradient of <c>mean of J_n / J_n0 + protect * drift / signal</c> by a weight's suppression is minus its score, taken at the model that the earlier
/// rounds left. Drift is how far the predictions for prompts to keep have moved. A one-step score is wrong once many weights go at once, and ignores
/// all but the concept. The rounds correct both. No weight grows or changes its sign.
/// </summary>
public static class LearnedSuppression
{
    /// <summary>Returns the new values of the mask's weights that change. The model does not change.</summary>
    /// <param name="unet">The model both sets of points were visited with.</param>
    /// <param name="target">Points of the concept prompts.</param>
    /// <param name="keep">Points of prompts whose predictions should stay.</param>
    /// <param name="mask">Weights that may be suppressed.</param>
    /// <exception cref="ArgumentException">A setting is outside its range.</exception>
    public static IReadOnlyList<PatchTensor> Fit(
        UNet2DConditionModel unet,
        VisitedLatents target,
        VisitedLatents keep,
        AblationMask mask,
        SuppressionSettings settings,
        Action<int>? progress = null,
        CancellationToken cancellation = default)
    {
        SuppressionSettings.Validate(settings);
        using var outer = NewDisposeScope();
        var gates = mask.WithoutEmpty().WeightsIn(unet).Select(w => new Gates(w.Mask, new WeightEntries(w.Weight, w.Mask.Indices))).ToList();
        using var gradients = new GradientScope(unet, gates.Select(g => g.Entries.Weight));
        using var adam = optim.Adam(gates.Select(g => g.Suppression), settings.Rate, beta1: 0.8, beta2: 0.95, eps: 1e-12);
        var share = Shares(target); // [N]
        var protect = full_like(keep.Timesteps, settings.Protect * keep.Count / Math.Max(keep.Signal, double.Epsilon), dtype: ScalarType.Float32); // [K]
        var goal = target.Baseline - ((target.Concept - target.Baseline) * settings.Overshoot); // [N, C, h, w]
        var taken = Math.Min(settings.KeepBatch, keep.Count);

        // The points are in the order of timesteps; a stride spreads every round over all of them.
        var stride = keep.Count / taken;
        try
        {
            for (var step = 0; step < settings.Steps; step++)
            {
                Backward(target, Enumerable.Range(0, target.Count), goal, share);
                Backward(keep, Enumerable.Range(0, taken).Select(i => ((i * stride) + step) % keep.Count), keep.Concept, protect / taken);
                cancellation.ThrowIfCancellationRequested();
                foreach (var group in adam.ParamGroups)
                    group.LearningRate = settings.Rate * (settings.Steps - step) / settings.Steps;
                gates.ForEach(g => g.TakeGradient());
                adam.step();
                gates.ForEach(g => g.Apply());
                progress?.Invoke(step + 1);
            }

            return [.. gates.Select(g => g.Values())];
        }
        finally
        {
            gates.ForEach(g => g.Entries.Dispose());
        }

        void Backward(VisitedLatents points, IEnumerable<int> numbers, Tensor reference, Tensor weights)
        {
            foreach (var batch in numbers.Chunk(settings.Batch))
            {
                using var scope = NewDisposeScope();
                var chosen = tensor([.. batch.Select(i => (long)i)], [batch.Length], device: points.Latents.device);
                ComponentAttribution.Backward(
                    unet,
                    points.Latents.index_select(0, chosen),
                    points.Timesteps.index_select(0, chosen),
                    points.Conditions.index_select(0, chosen),
                    eps => ((eps - reference.index_select(0, chosen)).pow(2).sum([1, 2, 3]) * weights.index_select(0, chosen)).sum());
            }
        }
    }

    /// <summary>
    /// [N]: the weight of each point is about 1 over its own J. So the noisy timesteps, which decide what the image will show although their
    /// predictions differ little, count as much as the others. A tenth of the mean keeps a tiny J from counting too much.
    /// </summary>
    private static Tensor Shares(VisitedLatents points)
    {
        using var scope = NewDisposeScope();
        var signal = (points.Concept - points.Baseline).pow(2).sum([1, 2, 3]); // [N]
        return (1 / (signal + (signal.mean() * 0.1) + 1e-12) / points.Count).MoveToOuterDisposeScope();
    }

    /// <summary>The suppressions of one tensor's weights, from 0 (kept) to 1 (ablated).</summary>
    private sealed record Gates(TensorMask Mask, WeightEntries Entries)
    {
        public Parameter Suppression { get; } = new(zeros(Entries.Before.shape, device: Entries.Before.device), requires_grad: false);

        /// <summary>Takes the gradient by the suppressions from that by the weights.</summary>
        public void TakeGradient()
        {
            using var scope = NewDisposeScope();
            Suppression.grad = (Entries.TakeGradient(Mask.Name) * Entries.Before).neg().to(ScalarType.Float32);
        }

        /// <summary>Holds the suppressions within 0 and 1 and scales the weights by 1 less their suppression.</summary>
        public void Apply()
        {
            using var frozen = no_grad();
            using var scope = NewDisposeScope();
            Suppression.clamp_(0, 1);
            Entries.Write(Entries.Before * (1 - Suppression));
        }

        public PatchTensor Values()
        {
            using var scope = NewDisposeScope();
            var now = Entries.Read().to(ScalarType.Float32).cpu().data<float>().ToArray();
            var old = Entries.Before.to(ScalarType.Float32).cpu().data<float>().ToArray();
            var changed = Enumerable.Range(0, now.Length).Where(i => !now[i].Equals(old[i])).ToList();
            return new PatchTensor(Mask with { Indices = [.. changed.Select(i => Mask.Indices[i])] }, [.. changed.Select(i => now[i])]);
        }
    }
}
