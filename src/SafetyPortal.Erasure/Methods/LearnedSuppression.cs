using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Faithfulness;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Methods;

/// <summary>How <see cref="LearnedSuppression"/> searches.</summary>
/// <param name="Steps">Rounds of attribution.</param>
/// <param name="Rate">How far a factor may move in the first round; falls evenly to 0.</param>
/// <param name="Protect">Weight of the predictions to keep against the concept.</param>
/// <param name="Overshoot">Distance of the target past the base prediction, in parts of the difference to the concept's, since guidance multiplies that difference.</param>
/// <param name="KeepBatch">Protected points of one round; the rounds take all of them in turn.</param>
/// <param name="Batch">Points of one backward pass.</param>
public sealed record SuppressionSettings(int Steps = 16, double Rate = 0.15, double Protect = 1, int KeepBatch = 16, double Overshoot = 3, int Batch = 8);

/// <summary>
/// Partial suppression: every weight of a mask is scaled by a factor from 1 (kept) to 0 (ablated) that is found in rounds of attribution.
/// The gradient of <c>mean of J_n / J_n0 + protect * drift / signal</c> by a weight's suppression is minus its score, taken at the model that the earlier
/// rounds left. Drift is how far the predictions for prompts to keep have moved. A one-step score is wrong once many weights go at once, and ignores
/// all but the concept. The rounds correct both. No weight grows or changes its sign.
/// </summary>
public static class LearnedSuppression
{
    private const double Beta1 = 0.8;
    private const double Beta2 = 0.95;

    /// <summary>Returns the new values of the mask's weights that change. The model does not change.</summary>
    /// <param name="unet">The model both sets of points were visited with.</param>
    /// <param name="target">Points of the concept prompts.</param>
    /// <param name="keep">Points of prompts whose predictions should stay.</param>
    /// <param name="mask">Weights that may be suppressed.</param>
    public static IReadOnlyList<PatchTensor> Fit(
        UNet2DConditionModel unet,
        VisitedLatents target,
        VisitedLatents keep,
        AblationMask mask,
        SuppressionSettings settings,
        Action<int>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(unet);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(keep);
        ArgumentNullException.ThrowIfNull(mask);
        ArgumentNullException.ThrowIfNull(settings);
        using var outer = NewDisposeScope();
        var named = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        var gates = mask.Tensors.Where(t => t.Indices.Length > 0).Select(t => new Gates(t, named[t.Name])).ToList();
        using var gradients = new GradientScope(unet, gates.Select(g => g.Weight));
        var share = Shares(target); // [N]
        var protect = full_like(keep.Timesteps, settings.Protect * keep.Count / Math.Max(keep.Signal, double.Epsilon), dtype: ScalarType.Float32); // [K]
        var goal = target.Baseline - ((target.Concept - target.Baseline) * settings.Overshoot); // [N, C, h, w]
        try
        {
            for (var step = 0; step < settings.Steps; step++)
            {
                foreach (var (start, count) in Chunks(target.Count, settings.Batch)) Backward(target, Run(start, count), goal, share);
                var taken = Math.Min(settings.KeepBatch, keep.Count);
                foreach (var (start, count) in Chunks(taken, settings.Batch))
                {
                    // The points are in the order of timesteps; a stride spreads every round over all of them.
                    Backward(keep, Turn(keep.Count, step, start, taken, count), keep.Concept, protect / taken);
                }

                cancellation.ThrowIfCancellationRequested();
                foreach (var gate in gates) gate.Step(step + 1, settings.Rate * (settings.Steps - step) / settings.Steps);
                progress?.Invoke(step + 1);
            }

            return [.. gates.Select(g => g.Values())];
        }
        finally
        {
            foreach (var gate in gates) gate.Restore();
        }

        void Backward(VisitedLatents points, Tensor chosen, Tensor reference, Tensor weights)
        {
            using var scope = NewDisposeScope();
            var eps = unet.call(points.Latents.index_select(0, chosen), points.Timesteps.index_select(0, chosen), points.Conditions.index_select(0, chosen));
            var distance = (eps - reference.index_select(0, chosen)).pow(2).sum([1, 2, 3]); // [n]
            (distance * weights.index_select(0, chosen)).sum().backward();
        }
    }

    /// <summary>
    /// [N]: every point counts by its part of its own J. So the noisy timesteps, which decide what the image will show although their
    /// predictions differ little, count as much as the others. A tenth of the mean keeps a tiny J from counting too much.
    /// </summary>
    private static Tensor Shares(VisitedLatents points)
    {
        using var scope = NewDisposeScope();
        var signal = (points.Concept - points.Baseline).pow(2).sum([1, 2, 3]); // [N]
        return (1 / (signal + (signal.mean() * 0.1) + 1e-12) / points.Count).MoveToOuterDisposeScope();
    }

    private static IEnumerable<(long Start, long Count)> Chunks(long all, long size)
    {
        for (long start = 0; start < all; start += size) yield return (start, Math.Min(size, all - start));
    }

    private static Tensor Run(long start, long count) => tensor(Enumerable.Range((int)start, (int)count).Select(i => (long)i).ToArray(), [count]);

    private static Tensor Turn(int all, int step, long start, int taken, long count)
    {
        var stride = Math.Max(1, all / taken);
        return tensor(Enumerable.Range((int)start, (int)count).Select(i => (long)(((i * stride) + step) % all)).ToArray(), [count]);
    }

    private sealed class Gates(TensorMask mask, TorchSharp.Modules.Parameter weight)
    {
        private readonly Tensor indices = tensor(mask.Indices, [mask.Indices.Length]).to(weight.device);
        private readonly Tensor before = Gather(weight, mask);
        private readonly Tensor taken = zeros(mask.Indices.Length, device: weight.device);
        private readonly Tensor momentum = zeros(mask.Indices.Length, device: weight.device);
        private readonly Tensor square = zeros(mask.Indices.Length, device: weight.device);

        public TorchSharp.Modules.Parameter Weight => weight;

        /// <summary>One step of Adam on the suppressions, held within 0 and 1.</summary>
        public void Step(int step, double rate)
        {
            using var frozen = no_grad();
            using var scope = NewDisposeScope();
            var gradient = weight.grad
                ?? throw new InvalidOperationException($"Expected a gradient for {mask.Name}; the objective does not depend on it.");
            var slope = gradient.reshape(-1).index_select(0, indices) * before; // minus the gradient by the suppression
            momentum.mul_(Beta1).add_(slope * (1 - Beta1));
            square.mul_(Beta2).addcmul_(slope, slope, 1 - Beta2);
            var scale = (square / (1 - Math.Pow(Beta2, step))).sqrt() + 1e-12;
            taken.add_(momentum / scale * (rate / (1 - Math.Pow(Beta1, step)))).clamp_(0, 1);
            weight.detach().view(-1).index_copy_(0, indices, before * (1 - taken));
            gradient.zero_();
        }

        public PatchTensor Values()
        {
            using var frozen = no_grad();
            using var scope = NewDisposeScope();
            var now = weight.detach().view(-1).index_select(0, indices).to(ScalarType.Float32).cpu().data<float>().ToArray();
            var old = before.to(ScalarType.Float32).cpu().data<float>().ToArray();
            var changed = Enumerable.Range(0, now.Length).Where(i => !now[i].Equals(old[i])).ToList();
            return new PatchTensor(mask with { Indices = [.. changed.Select(i => mask.Indices[i])] }, [.. changed.Select(i => now[i])]);
        }

        public void Restore()
        {
            using var frozen = no_grad();
            weight.detach().view(-1).index_copy_(0, indices, before);
        }

        private static Tensor Gather(TorchSharp.Modules.Parameter weight, TensorMask mask)
        {
            using var frozen = no_grad();
            using var scope = NewDisposeScope();
            return weight.detach().view(-1).index_select(0, tensor(mask.Indices, [mask.Indices.Length]).to(weight.device)).MoveToOuterDisposeScope();
        }
    }
}
