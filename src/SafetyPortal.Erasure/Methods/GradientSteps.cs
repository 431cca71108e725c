using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Faithfulness;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Methods;

/// <summary>
/// The fine-tuning control: a few gradient steps that lower J move the weights that an edit changes. In every tensor the steps together are at most
/// as long as zeroing the same weights would be: the change has as many weights and no larger norm. The step with the lowest J counts.
/// </summary>
public static class GradientSteps
{
    public const int DefaultSteps = 8;

    /// <summary>Returns the new values of the weights of <paramref name="edit"/>. The model does not change.</summary>
    /// <param name="unet">The model the points were visited with.</param>
    /// <param name="points">Points of the concept prompts.</param>
    /// <param name="edit">Which weights may move.</param>
    /// <param name="steps">Gradient steps, each over all points.</param>
    /// <param name="batch">Points of one backward pass.</param>
    public static IReadOnlyList<PatchTensor> Like(
        UNet2DConditionModel unet, VisitedLatents points, AblationMask edit, int steps = DefaultSteps, int batch = 8, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        using var outer = NewDisposeScope();
        var moved = edit.WithoutEmpty().WeightsIn(unet).Select(w => (w.Mask, Entries: new WeightEntries(w.Weight, w.Mask.Indices))).ToList();
        using var gradients = new GradientScope(unet, moved.Select(m => m.Entries.Weight));
        try
        {
            List<PatchTensor> best = [.. moved.Select(m => new PatchTensor(m.Mask, null))];
            var lowest = double.PositiveInfinity;
            for (var step = 0; step < steps; step++)
            {
                double objective = 0;
                for (long start = 0; start < points.Count; start += batch)
                {
                    cancellation.ThrowIfCancellationRequested();
                    using var scope = NewDisposeScope();
                    var count = Math.Min(batch, points.Count - start);
                    objective += ComponentAttribution.Backward(
                        unet,
                        points.Latents.narrow(0, start, count),
                        points.Timesteps.narrow(0, start, count),
                        points.Conditions.narrow(0, start, count),
                        eps => EraseObjective.Value(eps, points.Baseline.narrow(0, start, count))).Objective;
                }

                if (step > 0)
                    Keep(objective);
                foreach (var (mask, entries) in moved)
                    Step(mask, entries, steps);
            }

            Keep(points.Objective().FixedBase);
            return best;

            void Keep(double objective)
            {
                if (!(objective < lowest))
                    return;
                using var scope = NewDisposeScope();
                lowest = objective;
                best = [.. moved.Select(m => new PatchTensor(m.Mask, m.Entries.Read().to(ScalarType.Float32).cpu().data<float>().ToArray()))];
            }
        }
        finally
        {
            foreach (var (_, entries) in moved)
                entries.Dispose();
        }
    }

    // Goes against the gradient by the norm of the weights over the number of steps.
    private static void Step(TensorMask mask, WeightEntries entries, int steps)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var slope = entries.TakeGradient(mask.Name);
        var length = slope.norm().ToDouble();
        if (length > 0)
            entries.Write(entries.Read() - (slope * (entries.Before.norm().ToDouble() / steps / length)));
    }
}
