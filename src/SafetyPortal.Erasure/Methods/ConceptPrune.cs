using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Faithfulness;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Methods;

/// <summary>
/// ConceptPrune (arXiv 2405.19237): skilled neurons of the second feed-forward linears by the WANDA score <c>S = |W_ij| a_j</c>, where a_j is the
/// norm of input column j over tokens whose rows were scaled to length 1. At every timestep a weight is marked when it is among the
/// top share of its row for the concept prompts and scores higher there than for the base prompts. Weights marked at more than half of
/// the timesteps are ablated. The share is chosen so that as many weights go as the edit changes.
/// </summary>
public static class ConceptPrune
{
    /// <summary>A weight is ablated when more than this part of the timesteps mark it.</summary>
    public const double SelectRatio = 0.5;

    private const int Bisections = 14;

    /// <summary>A mask over the second feed-forward linears with at most <paramref name="count"/> weights, as near to it as whole rows' shares allow.</summary>
    /// <param name="unet">The model the points were visited with.</param>
    /// <param name="points">Points of pairs of concept and base prompts, from the noisy part of the trajectory.</param>
    /// <param name="count">Weights the mask may take.</param>
    public static AblationMask Select(
        UNet2DConditionModel unet, VisitedLatents points, long count, int batch = 8, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var weights = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        var steps = points.Timesteps.cpu().data<long>().ToArray();
        var concept = ColumnNorms(unet, points, points.Conditions, steps, batch, cancellation);
        var baseline = ColumnNorms(unet, points, points.BaseConditions, steps, batch, cancellation);
        var layers = concept
            .Select(layer => (Name: FeedForwardActivations.WeightOf(layer.Key), Concept: layer.Value, Base: baseline[layer.Key]))
            .Select(layer => new Layer(layer.Name, weights[layer.Name].detach().abs(), layer.Concept, layer.Base))
            .OrderBy(layer => layer.Name, StringComparer.Ordinal)
            .ToList();

        double low = 0, high = 1;
        for (var i = 0; i < Bisections; i++)
        {
            var share = (low + high) / 2;
            var taken = layers.Sum(layer => Marked(layer, share).sum().ToInt64());
            (low, high) = taken <= count ? (share, high) : (low, share);
        }

        return new AblationMask([.. layers.Select(layer => new TensorMask(
            layer.Name, layer.Weight.shape, Marked(layer, low).reshape(-1).nonzero().reshape(-1).cpu().data<long>().ToArray()))]);
    }

    /// <summary>[steps, units] per layer: square roots of the summed squares of the scaled inputs.</summary>
    private static Dictionary<string, Tensor> ColumnNorms(
        UNet2DConditionModel unet, VisitedLatents points, Tensor conditions, long[] steps, int batch, CancellationToken cancellation)
    {
        var distinct = steps.Distinct().OrderDescending().ToList();
        var squares = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        try
        {
            FeedForwardActivations.Run(unet, points, conditions, batch, Take, cancellation);
            return squares.ToDictionary(s => s.Key, s => s.Value.sqrt(), StringComparer.Ordinal);
        }
        finally
        {
            foreach (var sums in squares.Values)
                sums.Dispose();
        }

        void Take(string layer, Tensor x, long start)
        {
            var rows = x / (x.norm(-1, keepdim: true) + 1e-8); // [n, tokens, units]
            var sums = rows.pow(2).sum(1); // [n, units]
            if (!squares.TryGetValue(layer, out var total))
                squares[layer] = total = zeros([distinct.Count, x.size(2)], dtype: ScalarType.Float32, device: x.device).DetachFromDisposeScope();
            for (var i = 0; i < sums.size(0); i++)
                total[distinct.IndexOf(steps[start + i])].add_(sums[i]);
        }
    }

    /// <summary>Boolean [rows, columns].</summary>
    private static Tensor Marked(Layer layer, double share)
    {
        using var scope = NewDisposeScope();
        var perRow = (int)(share * layer.Weight.size(1));
        var votes = zeros(layer.Weight.shape, device: layer.Weight.device);
        for (long step = 0; perRow > 0 && step < layer.Concept.size(0); step++)
        {
            using var inner = NewDisposeScope();
            var target = layer.Weight * layer.Concept[step];
            var (_, indices) = target.topk(perRow, 1);
            var top = zeros_like(target).scatter_(1, indices, ones_like(target));
            votes.add_(top * target.gt(layer.Weight * layer.Base[step]));
        }

        return votes.gt(SelectRatio * layer.Concept.size(0)).MoveToOuterDisposeScope();
    }

    private sealed record Layer(string Name, Tensor Weight, Tensor Concept, Tensor Base);
}
