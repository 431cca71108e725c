using SafetyPortal.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Unet;

/// <summary>Sizes of a <see cref="Transformer2DModel"/>.</summary>
internal sealed record TransformerShape(int Channels, int TextChannels, int Heads, int Layers, int Groups, bool LinearProjection, bool Upcast);

/// <summary>Reads a feature map as tokens, one per pixel, and sends them through transformer blocks.</summary>
internal sealed class Transformer2DModel : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly GroupNorm norm;
    private readonly nn.Module<Tensor, Tensor> proj_in;
    private readonly ModuleList<BasicTransformerBlock> transformer_blocks;
    private readonly nn.Module<Tensor, Tensor> proj_out;
    private readonly bool linear;

    public Transformer2DModel(TransformerShape shape, Device? device)
        : base(nameof(Transformer2DModel))
    {
        linear = shape.LinearProjection;
        norm = Norms.Group(shape.Groups, shape.Channels, 1e-6, device);
        proj_in = Projection(shape.Channels, device);
        transformer_blocks = nn.ModuleList(Enumerable.Range(0, shape.Layers)
            .Select(_ => new BasicTransformerBlock(shape.Channels, shape.TextChannels, shape.Heads, shape.Upcast, device)).ToArray());
        proj_out = Projection(shape.Channels, device);
        RegisterComponents();
    }

    /// <param name="x">[B, C, H, W]</param>
    /// <param name="text">[B, S, text]</param>
    /// <returns>[B, C, H, W]</returns>
    public override Tensor forward(Tensor x, Tensor text)
    {
        using var scope = NewDisposeScope();
        var (batch, channels, height, width) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3]);

        // 1. Pixels to tokens.
        var h = norm.call(x); // [B, C, H, W]
        var tokens = linear ? proj_in.call(Tokens(h)) : Tokens(proj_in.call(h)); // [B, H*W, C]

        // 2. Transformer.
        foreach (var block in transformer_blocks)
            tokens = block.call(tokens, text); // [B, H*W, C]

        // 3. Tokens to pixels.
        if (linear)
            tokens = proj_out.call(tokens);
        h = tokens.transpose(1, 2).reshape(batch, channels, height, width); // [B, C, H, W]
        if (!linear)
            h = proj_out.call(h);
        return (h + x).MoveToOuterDisposeScope();

        Tensor Tokens(Tensor map) => map.reshape(batch, channels, height * width).transpose(1, 2).contiguous();
    }

    private nn.Module<Tensor, Tensor> Projection(int channels, Device? device) =>
        linear ? nn.Linear(channels, channels, device: device) : nn.Conv2d(channels, channels, 1, device: device);
}
