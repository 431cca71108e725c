using SafetyPortal.Diffusion.Unet;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Traces;

/// <summary>
/// Records the activations of the feed-forward units (the inputs of <c>ff.net.2</c>) of every transformer block, averaged over the places of each
/// image: one sample per image and recorded step. It records from construction to disposal.
/// </summary>
internal sealed class ActivationRecorder : IDisposable
{
    private const string Gated = ".ff.net.0";
    private readonly List<nn.Module<Tensor, Tensor>.HookRemover> hooks = [];
    private readonly List<List<float[]>> samples = [];
    private readonly List<int> calls = [];
    private readonly int images;
    private readonly int every;

    /// <param name="images">Images per call; of a larger batch, as guidance makes it, the last images count.</param>
    /// <param name="every">The recorder takes every so-many-th call.</param>
    /// <exception cref="InvalidOperationException">The network has no feed-forward layers.</exception>
    public ActivationRecorder(UNet2DConditionModel unet, int images, int every)
    {
        (this.images, this.every) = (images, every);
        foreach (var (name, module) in unet.named_modules())
        {
            if (!name.EndsWith(Gated, StringComparison.Ordinal) || module is not nn.Module<Tensor, Tensor> layer)
                continue;
            var index = samples.Count;
            samples.Add([]);
            calls.Add(0);
            hooks.Add(layer.register_forward_hook((_, _, output) =>
            {
                Take(index, output);
                return output;
            }));
        }

        if (hooks.Count == 0)
            throw new InvalidOperationException("Expected a UNet with feed-forward layers, this one has none.");
    }

    /// <summary>Samples of each image, in the order of the steps; a sample holds one number per unit of all layers.</summary>
    public IReadOnlyList<IReadOnlyList<float[]>> PerImage()
    {
        var steps = samples[0].Count;
        return [.. Enumerable.Range(0, images).Select(image => (IReadOnlyList<float[]>)[.. Enumerable.Range(0, steps).Select(step =>
            samples.SelectMany(layer => Part(layer[step], image)).ToArray())])];
    }

    public void Dispose()
    {
        foreach (var hook in hooks)
            hook.remove();
        hooks.Clear();
    }

    private ArraySegment<float> Part(float[] all, int image)
    {
        var units = all.Length / images;
        return new ArraySegment<float>(all, image * units, units);
    }

    private void Take(int layer, Tensor output)
    {
        if (calls[layer]++ % every != 0)
            return;
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var own = output.detach().narrow(0, output.size(0) - images, images); // [B, T, units]
        samples[layer].Add(own.mean([1L]).to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray());
    }
}
