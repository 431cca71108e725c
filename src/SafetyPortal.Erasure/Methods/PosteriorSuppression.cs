using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Faithfulness;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Methods;

/// <summary>
/// Adaptive partial suppression by posterior (APP, after arXiv 2508.15094): the activation of a unit is multiplied by <c>1 - P(concept | activation)</c>,
/// with P from histograms of its activations with and without the concept at equal priors. As an edit of weights, the column of
/// <c>ff.net.2</c> that reads a unit is multiplied by 1 less the mean of P over the concept's activations. Units stay where that mean is not above
/// the prior.
/// </summary>
public static class PosteriorSuppression
{
    private const int Bins = 100;
    private const double Smoothing = 1e-5;
    private const double Prior = 0.5;

    /// <summary>Returns the new values of the columns that change. The model does not change.</summary>
    /// <param name="unet">The model the points were visited with.</param>
    /// <param name="target">Points of the concept prompts; their base prompts at the same latents count as without the concept.</param>
    /// <param name="keep">Points of other prompts, also without the concept; null for none.</param>
    /// <param name="share">Most units of each layer that change, in 0..1: those with the highest posterior.</param>
    /// <param name="batch">Points of one pass.</param>
    public static IReadOnlyList<PatchTensor> Fit(
        UNet2DConditionModel unet, VisitedLatents target, VisitedLatents? keep, double share, int batch = 8, CancellationToken cancellation = default)
    {
        if (!(share is > 0 and <= 1))
            throw new ArgumentException($"Expected a share of units above 0 and at most 1, got {share}.", nameof(share));

        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var units = new Dictionary<string, Histograms>(StringComparer.Ordinal);
        try
        {
            Look((layer, x, _) => Of(layer, x).Widen(x));
            Look((layer, x, with) => units[layer].Count(x, with));
            var weights = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
            return [.. units
                .Select(u => (Name: FeedForwardActivations.WeightOf(u.Key), Posterior: u.Value.Posterior()))
                .OrderBy(u => u.Name, StringComparer.Ordinal)
                .Select(u => Scaled(u.Name, weights[u.Name].detach(), u.Posterior, share))];
        }
        finally
        {
            foreach (var found in units.Values)
                found.Dispose();
        }

        void Look(Action<string, Tensor, bool> take)
        {
            FeedForwardActivations.Run(unet, target, target.Conditions, batch, (layer, x, _) => take(layer, x, true), cancellation);
            FeedForwardActivations.Run(unet, target, target.BaseConditions, batch, (layer, x, _) => take(layer, x, false), cancellation);
            if (keep is not null)
                FeedForwardActivations.Run(unet, keep, keep.Conditions, batch, (layer, x, _) => take(layer, x, false), cancellation);
        }

        Histograms Of(string layer, Tensor x)
        {
            if (!units.TryGetValue(layer, out var found))
                units[layer] = found = new Histograms(x.size(-1), x.device);
            return found;
        }
    }

    private static PatchTensor Scaled(string name, Tensor weight, float[] posterior, double share)
    {
        using var scope = NewDisposeScope();
        var (rows, columns) = (weight.size(0), weight.size(1));
        var chosen = Enumerable.Range(0, posterior.Length)
            .Where(unit => posterior[unit] > Prior)
            .OrderByDescending(unit => posterior[unit])
            .Take((int)(share * posterior.Length))
            .Order()
            .ToList();
        var old = weight.reshape(-1).to(ScalarType.Float32).cpu().data<float>().ToArray();
        long[] indices = [.. Enumerable.Range(0, (int)rows).SelectMany(row => chosen.Select(unit => (row * columns) + unit))];
        return new PatchTensor(new TensorMask(name, weight.shape, indices), [.. indices.Select(i => old[i] * (1 - posterior[(int)(i % columns)]))]);
    }

    /// <summary>Activations of one layer's units, every token a sample.</summary>
    private sealed class Histograms(long units, Device device) : IDisposable
    {
        private readonly Tensor low = full([units], float.PositiveInfinity, device: device).DetachFromDisposeScope();
        private readonly Tensor high = full([units], float.NegativeInfinity, device: device).DetachFromDisposeScope();
        private readonly Tensor with = zeros([units, Bins], device: device).DetachFromDisposeScope();
        private readonly Tensor without = zeros([units, Bins], device: device).DetachFromDisposeScope();

        /// <summary>Makes room for activations [n, tokens, units].</summary>
        public void Widen(Tensor x)
        {
            var flat = x.to(ScalarType.Float32).reshape(-1, units);
            low.copy_(minimum(low, flat.amin(0)));
            high.copy_(maximum(high, flat.amax(0)));
        }

        public void Count(Tensor x, bool concept)
        {
            var flat = x.to(ScalarType.Float32).reshape(-1, units); // [samples, units]
            var bins = ((flat - low) / (high - low + 1e-12) * Bins).to(ScalarType.Int64).clamp(0, Bins - 1).transpose(0, 1).contiguous();
            (concept ? with : without).scatter_add_(1, bins, ones(bins.shape, device: flat.device));
        }

        /// <summary>Per unit the mean over the concept's activations of P(concept | activation).</summary>
        public float[] Posterior()
        {
            using var scope = NewDisposeScope();
            var p = Density(with);
            return (p * p / (p + Density(without))).sum(1).cpu().data<float>().ToArray();
        }

        public void Dispose()
        {
            foreach (var part in new[] { low, high, with, without })
                part.Dispose();
        }

        private static Tensor Density(Tensor counts)
        {
            var smooth = counts + Smoothing;
            return smooth / smooth.sum([1], keepdim: true);
        }
    }
}
