using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Faithfulness;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Methods;

/// <summary>Inputs of the second feed-forward linears (<c>ff.net.2</c>) at some points: the outputs of the gated units.</summary>
internal static class FeedForwardActivations
{
    private const string Suffix = "ff.net.2";

    /// <summary>Weight name of a module found here.</summary>
    public static string WeightOf(string module) => module + ".weight";

    /// <summary>
    /// Runs the model at the points and hands every batch's activations to <paramref name="take"/>: module name, activations [n, tokens, units],
    /// index of the first point.
    /// </summary>
    public static void Run(
        UNet2DConditionModel unet, VisitedLatents points, Tensor conditions, int batch, Action<string, Tensor, long> take, CancellationToken cancellation)
    {
        using var frozen = no_grad();
        var layers = unet.named_modules()
            .Where(m => m.name.EndsWith(Suffix, StringComparison.Ordinal))
            .Select(m => (m.name, Layer: (nn.Module<Tensor, Tensor>)m.module))
            .ToList();
        if (layers.Count == 0)
            throw new InvalidOperationException($"Expected a UNet with layers called {Suffix}; this one has none.");

        long start = 0;
        var hooks = layers.Select(layer => layer.Layer.register_forward_pre_hook((_, x) =>
        {
            using var scope = NewDisposeScope();
            take(layer.name, x, start);
            return x;
        })).ToList();
        try
        {
            for (; start < points.Count; start += batch)
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var count = Math.Min(batch, points.Count - start);
                unet.call(points.Latents.narrow(0, start, count), points.Timesteps.narrow(0, start, count), conditions.narrow(0, start, count));
            }
        }
        finally
        {
            foreach (var hook in hooks)
                hook.remove();
        }
    }
}
