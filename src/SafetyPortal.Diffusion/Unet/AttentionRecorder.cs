using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Unet;

/// <summary>
/// Records where the network attends to chosen tokens: cross-attention probabilities, averaged over heads, layers and network calls and
/// scaled to the size of the latent (Tang et al. 2022, arXiv 2210.04885). It records from construction to disposal.
/// </summary>
public sealed class AttentionRecorder : IDisposable
{
    private const string CrossAttention = ".attn2";
    private readonly List<Attention> listened;
    private readonly int images;
    private readonly IReadOnlyList<TokenPlaces> wanted;
    private readonly (long Height, long Width) latent;
    private readonly Tensor sum;
    private int calls;

    /// <inheritdoc cref="AttentionRecorder(UNet2DConditionModel, int, IReadOnlyList{TokenPlaces}, long, long)"/>
    /// <summary>Starts to record one map per image.</summary>
    /// <param name="tokens">For each image of the batch the positions of its tokens, at least one.</param>
    public AttentionRecorder(UNet2DConditionModel unet, IReadOnlyList<IReadOnlyList<int>> tokens, long height, long width)
        : this(unet, tokens.Count, [.. tokens.Select((positions, image) => new TokenPlaces(image, positions))], height, width)
    {
    }

    /// <summary>Starts to record any number of maps per image.</summary>
    /// <param name="unet">The network. It may have one recorder at a time.</param>
    /// <param name="images">Images of the batch.</param>
    /// <param name="wanted">The tokens of each map.</param>
    /// <param name="height">Height of the latent.</param>
    /// <param name="width">Width of the latent.</param>
    /// <exception cref="InvalidOperationException">The network has no cross-attention, or another recorder listens.</exception>
    public AttentionRecorder(UNet2DConditionModel unet, int images, IReadOnlyList<TokenPlaces> wanted, long height, long width)
    {
        ArgumentNullException.ThrowIfNull(unet);
        ArgumentNullException.ThrowIfNull(wanted);
        if (wanted.Count == 0 || wanted.Any(w => w.Positions.Count == 0 || w.Image < 0 || w.Image >= images))
        {
            var got = string.Join(", ", wanted.Select(w => $"{w.Positions.Count} of image {w.Image}"));
            throw new ArgumentException($"Expected at least one map, each of at least one token of one of {images} images, got {got}.", nameof(wanted));
        }

        (this.images, this.wanted, latent) = (images, wanted, (height, width));
        listened = [.. unet.named_modules().Where(m => m.name.EndsWith(CrossAttention, StringComparison.Ordinal)).Select(m => m.module).OfType<Attention>()];
        if (listened.Count == 0 || listened.Exists(a => a.Recorder is not null))
        {
            var taken = listened.Count(a => a.Recorder is not null);
            throw new InvalidOperationException($"Expected cross-attention layers without a recorder, got {listened.Count} layers, {taken} with one.");
        }

        sum = zeros([wanted.Count, height, width], dtype: ScalarType.Float32).DetachFromDisposeScope();
        listened.ForEach(attention => attention.Recorder = this);
    }

    /// <summary>Returns [maps, height, width]: the tokens' share of each place's attention to the text, 0 to 1. The caller owns it.</summary>
    /// <exception cref="InvalidOperationException">The network was not called.</exception>
    public Tensor Maps()
    {
        if (calls == 0)
            throw new InvalidOperationException("Expected at least one call of the network while recording, there was none.");
        using var frozen = no_grad();
        return sum / calls;
    }

    /// <param name="query">[N, T, C]; N is the number of images, or twice that with the images last, as guidance has it.</param>
    /// <param name="key">[N, S, C]</param>
    internal void Take(Tensor query, Tensor key, int heads)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var (first, size) = (query.shape[0] - images, query.shape[2] / heads);
        var q = Heads(query.detach().narrow(0, first, images)) * (1.0 / Math.Sqrt(size)); // [B * H, T, d]
        var k = Heads(key.detach().narrow(0, first, images)).transpose(1, 2); // [B * H, d, S]
        var seen = q.bmm(k).softmax(-1).reshape(images, heads, q.shape[1], -1).mean([1L]); // [B, T, S]
        var (height, width) = MapSize(seen.shape[1]);
        var maps = stack(wanted.Select(w =>
            seen[w.Image].index_select(1, tensor(w.Positions.Select(p => (long)p).ToArray(), device: seen.device)).sum(1)).ToList()); // [M, T]
        var enlarged = nn.functional.interpolate(
            maps.reshape(wanted.Count, 1, height, width), [latent.Height, latent.Width], mode: InterpolationMode.Bilinear, align_corners: false);
        sum.add_(enlarged.squeeze(1).to(ScalarType.Float32).cpu());
        calls++;

        Tensor Heads(Tensor x) => x.reshape(images, x.shape[1], heads, size).transpose(1, 2).reshape(images * heads, x.shape[1], size).to(ScalarType.Float32);
    }

    public void Dispose()
    {
        listened.ForEach(attention => attention.Recorder = null);
        sum.Dispose();
    }

    // Every level of the network halves the map, rounding up.
    private (long Height, long Width) MapSize(long places)
    {
        var (height, width) = latent;
        while (height * width > places)
            (height, width) = ((height + 1) / 2, (width + 1) / 2);
        return height * width == places
            ? (height, width)
            : throw new InvalidOperationException($"Expected a map of {places} places to be a halving of {latent.Height} x {latent.Width}, it is none.");
    }
}

/// <summary>Tokens whose attention one map adds up.</summary>
/// <param name="Image">Number of the image in the batch.</param>
/// <param name="Positions">Positions in its prompt.</param>
public sealed record TokenPlaces(int Image, IReadOnlyList<int> Positions);
