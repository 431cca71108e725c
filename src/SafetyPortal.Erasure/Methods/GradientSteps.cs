using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Faithfulness;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Methods;

/// <summary>
/// The fine-tuning control: a few gradient steps that lower J move the weights that an edit changes. In every tensor the steps together are at most
/// as long as zeroing the same weights would be, so this change is of equal size in number and no larger in norm. The step with the lowest J
/// counts.
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
        ArgumentNullException.ThrowIfNull(unet);
        ArgumentNullException.ThrowIfNull(points);
        ArgumentNullException.ThrowIfNull(edit);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);

        using var outer = NewDisposeScope();
        var named = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        var moved = edit.Tensors.Where(t => t.Indices.Length > 0).Select(t => new Moved(t, named[t.Name])).ToList();
        using var gradients = new GradientScope(unet, moved.Select(m => m.Weight));
        try
        {
            var lowest = double.PositiveInfinity;
            for (var step = 0; step < steps; step++)
            {
                double objective = 0;
                for (long start = 0; start < points.Count; start += batch)
                {
                    cancellation.ThrowIfCancellationRequested();
                    using var scope = NewDisposeScope();
                    var count = Math.Min(batch, points.Count - start);
                    var eps = unet.call(points.Latents.narrow(0, start, count), points.Timesteps.narrow(0, start, count), points.Conditions.narrow(0, start, count));
                    var value = EraseObjective.Value(eps, points.Baseline.narrow(0, start, count));
                    value.backward();
                    objective += value.ToDouble();
                }

                Keep(objective, step > 0);

                foreach (var item in moved) item.Step(steps);
            }

            Keep(points.Objective().FixedBase, changed: true);
            return [.. moved.Select(m => m.Best)];

            void Keep(double objective, bool changed)
            {
                if (!changed || !(objective < lowest)) return;
                lowest = objective;
                foreach (var item in moved) item.Note();
            }
        }
        finally
        {
            foreach (var item in moved) item.Restore();
        }
    }

    private sealed class Moved(TensorMask mask, TorchSharp.Modules.Parameter weight)
    {
        private readonly Tensor indices = tensor(mask.Indices, [mask.Indices.Length]).to(weight.device);
        private readonly Tensor before = Gather(weight.detach(), mask);

        public TorchSharp.Modules.Parameter Weight => weight;

        /// <summary>Goes against the gradient by the norm of the weights over <paramref name="steps"/>, and clears the gradient.</summary>
        public void Step(int steps)
        {
            using var frozen = no_grad();
            using var scope = NewDisposeScope();
            var gradient = weight.grad
                ?? throw new InvalidOperationException($"Expected a gradient for {mask.Name}; the objective does not depend on it.");
            var flat = weight.detach().view(-1);
            var slope = gradient.reshape(-1).index_select(0, indices);
            var length = slope.norm().ToDouble();
            if (length > 0)
            {
                var stride = before.norm().ToDouble() / steps / length;
                flat.index_copy_(0, indices, flat.index_select(0, indices) - (slope * stride));
            }

            gradient.zero_();
        }

        /// <summary>The values at the last <see cref="Note"/>.</summary>
        public PatchTensor Best { get; private set; } = new(mask, null);

        /// <summary>Remembers the values as they are now.</summary>
        public void Note()
        {
            using var frozen = no_grad();
            using var scope = NewDisposeScope();
            var now = weight.detach().view(-1).index_select(0, indices).to(ScalarType.Float32).cpu();
            Best = new PatchTensor(mask, now.data<float>().ToArray());
        }

        public void Restore()
        {
            using var frozen = no_grad();
            weight.detach().view(-1).index_copy_(0, indices, before);
        }

        private static Tensor Gather(Tensor weight, TensorMask mask)
        {
            using var frozen = no_grad();
            using var scope = NewDisposeScope();
            var chosen = tensor(mask.Indices, [mask.Indices.Length]).to(weight.device);
            return weight.view(-1).index_select(0, chosen).MoveToOuterDisposeScope();
        }
    }
}
