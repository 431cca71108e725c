using SafetyPortal.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Clip;

/// <summary>A class token and one token per patch, each plus its position.</summary>
internal sealed class ClipVisionEmbeddings : nn.Module<Tensor, Tensor>
{
    private readonly Parameter class_embedding;
    private readonly Conv2d patch_embedding;
    private readonly Embedding position_embedding;

    public ClipVisionEmbeddings(ClipVisionConfig config, Device? device)
        : base(nameof(ClipVisionEmbeddings))
    {
        class_embedding = nn.Parameter(randn([config.HiddenSize], device: device));
        patch_embedding = nn.Conv2d(config.Channels, config.HiddenSize, config.PatchSize, config.PatchSize, bias: false, device: device);
        position_embedding = nn.Embedding(config.Patches + 1, config.HiddenSize, device: device);
        RegisterComponents();
    }

    /// <param name="pixels">[B, channels, size, size]</param>
    /// <returns>[B, 1 + patches, C]</returns>
    public override Tensor forward(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        var patches = patch_embedding.call(pixels).flatten(2).transpose(1, 2); // [B, patches, C]
        var start = class_embedding.reshape(1, 1, -1).expand(patches.shape[0], 1, -1); // [B, 1, C]
        var tokens = cat([start, patches], 1); // [B, 1 + patches, C]
        var positions = arange(0, tokens.shape[1], dtype: ScalarType.Int64, device: pixels.device);
        return (tokens + position_embedding.call(positions)).MoveToOuterDisposeScope();
    }
}

/// <summary>The image tower: a vision transformer (Dosovitskiy et al. 2021) with a normalisation before its first layer.</summary>
internal sealed class ClipVisionTransformer : nn.Module<Tensor, Tensor>
{
    private readonly ClipVisionEmbeddings embeddings;
    private readonly LayerNorm pre_layrnorm;
    private readonly ClipEncoder encoder;
    private readonly LayerNorm post_layernorm;
    private readonly ClipVisionConfig config;

    public ClipVisionTransformer(ClipVisionConfig config, Device? device)
        : base(nameof(ClipVisionTransformer))
    {
        this.config = config;
        embeddings = new ClipVisionEmbeddings(config, device);
        pre_layrnorm = Norms.Layer(config.HiddenSize, config.LayerNormEps, device);
        encoder = new ClipEncoder(
            new ClipTransformerShape(config.HiddenSize, config.IntermediateSize, config.Layers, config.Heads, config.Activation, config.LayerNormEps), device);
        post_layernorm = Norms.Layer(config.HiddenSize, config.LayerNormEps, device);
        RegisterComponents();
    }

    /// <param name="pixels">[B, channels, size, size], normalised</param>
    /// <returns>The last hidden state [B, 1 + patches, C], before the final normalisation</returns>
    /// <exception cref="ArgumentException">The shape differs.</exception>
    public override Tensor forward(Tensor pixels)
    {
        long[] expected = [config.Channels, config.ImageSize, config.ImageSize];
        if (pixels.dim() != 4 || !pixels.shape.AsSpan(1).SequenceEqual(expected))
        {
            throw new ArgumentException(
                $"Expected pixels of shape [B, {string.Join(", ", expected)}], got [{string.Join(", ", pixels.shape)}].", nameof(pixels));
        }

        using var scope = NewDisposeScope();
        return encoder.call(pre_layrnorm.call(embeddings.call(pixels)), null).MoveToOuterDisposeScope();
    }

    /// <summary>The class token, normalised.</summary>
    /// <param name="lastHidden">[B, 1 + patches, C]</param>
    /// <returns>[B, C]</returns>
    public Tensor Pool(Tensor lastHidden)
    {
        using var first = lastHidden.select(1, 0);
        return post_layernorm.call(first);
    }
}
