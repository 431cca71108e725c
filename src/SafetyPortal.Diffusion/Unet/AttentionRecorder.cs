using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Unet;

/// <summary>
/// Where in the picture the network looks when it reads chosen tokens: cross-attention probabilities, averaged over heads, layers and
/// network calls and brought to the size of the latent (Tang et al. 2022, arXiv 2210.04885). Listens from its making to its disposal.
/// </summary>
public sealed class AttentionRecorder : IDisposable
{
    private const string CrossAttention = ".attn2";
    private readonly List<Attention> listened = [];
    private readonly IReadOnlyList<IReadOnlyList<int>> tokens;
    private readonly (long Height, long Width) latent;
    private readonly Tensor sum;
    private int calls;

    /// <summary>Starts to listen.</summary>
    /// <param name="unet">The network; one recorder at a time.</param>
    /// <param name="tokens">For each image of the batch the positions of its tokens, at least one.</param>
    /// <param name="height">Height of the latent.</param>
    /// <param name="width">Width of the latent.</param>
    /// <exception cref="InvalidOperationException">The network has no cross-attention, or another recorder listens.</exception>
    public AttentionRecorder(UNet2DConditionModel unet, IReadOnlyList<IReadOnlyList<int>> tokens, long height, long width)
    {
        ArgumentNullException.ThrowIfNull(unet);
        ArgumentNullException.ThrowIfNull(tokens);
        if (tokens.Count == 0 || tokens.Any(t => t.Count == 0))
            throw new ArgumentException($"Expected at least one token position for each of at least one image, got {string.Join(", ", tokens.Select(t => t.Count))}.", nameof(tokens));
        (this.tokens, latent) = (tokens, (height, width));
        foreach (var (name, module) in unet.named_modules())
        {
            if (module is Attention attention && name.EndsWith(CrossAttention, StringComparison.Ordinal)) listened.Add(attention);
        }

        if (listened.Count == 0 || listened.Exists(a => a.Recorder is not null))
            throw new InvalidOperationException($"Expected cross-attention layers nobody listens to, the network has {listened.Count}, some of them taken.");
        sum = zeros([tokens.Count, height, width], dtype: ScalarType.Float32).DetachFromDisposeScope();
        foreach (var attention in listened) attention.Recorder = this;
    }

    /// <summary>
    /// [images, height, width]: of the attention each place pays to the text, the share that goes to the tokens, 0 to 1. Owned by the caller.
    /// </summary>
    /// <exception cref="InvalidOperationException">The network was not called.</exception>
    public Tensor Maps()
    {
        if (calls == 0) throw new InvalidOperationException("Expected at least one call of the network while recording, there was none.");
        using var frozen = no_grad();
        return sum / calls;
    }

    /// <param name="query">[N, T, C]; N is the number of images, or twice that with the images last, as guidance has it.</param>
    /// <param name="key">[N, S, C]</param>
    internal void Take(Tensor query, Tensor key, int heads)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var images = tokens.Count;
        var (first, size) = (query.shape[0] - images, query.shape[2] / heads);
        var q = Heads(query.detach().narrow(0, first, images)) * (1.0 / Math.Sqrt(size)); // [B, H, T, d]
        var k = Heads(key.detach().narrow(0, first, images)).transpose(2, 3); // [B, H, d, S]
        var seen = q.matmul(k).softmax(-1).mean([1L]); // [B, T, S]
        var (height, width) = MapSize(seen.shape[1]);
        var maps = stack(tokens.Select((positions, i) =>
            seen[i].index_select(1, tensor(positions.Select(p => (long)p).ToArray(), device: seen.device)).sum(1)).ToList()); // [B, T]
        var enlarged = nn.functional.interpolate(
            maps.reshape(images, 1, height, width), [latent.Height, latent.Width], mode: InterpolationMode.Bilinear, align_corners: false);
        sum.add_(enlarged.squeeze(1).to(ScalarType.Float32).cpu());
        calls++;

        Tensor Heads(Tensor x) => x.reshape(images, x.shape[1], heads, size).transpose(1, 2).to(ScalarType.Float32);
    }

    public void Dispose()
    {
        foreach (var attention in listened) attention.Recorder = null;
        sum.Dispose();
    }

    // Every level of the network halves the map, rounding up.
    private (long Height, long Width) MapSize(long places)
    {
        var (height, width) = latent;
        while (height * width > places) (height, width) = ((height + 1) / 2, (width + 1) / 2);
        return height * width == places
            ? (height, width)
            : throw new InvalidOperationException($"Expected a map of {places} places to be a halving of {latent.Height} x {latent.Width}, it is none.");
    }
}
