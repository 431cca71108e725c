using SafetyPortal.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Vae;

/// <summary>Latent, after <c>post_quant_conv</c>, to image.</summary>
internal sealed class Decoder : nn.Module<Tensor, Tensor>
{
    private readonly Conv2d conv_in;
    private readonly ModuleList<UpDecoderBlock2D> up_blocks;
    private readonly VaeMidBlock mid_block;
    private readonly GroupNorm conv_norm_out;
    private readonly Conv2d conv_out;

    public Decoder(VaeConfig config, Device? device)
        : base(nameof(Decoder))
    {
        var channels = config.BlockOutChannels;
        conv_in = nn.Conv2d(config.LatentChannels, channels[^1], 3, 1, 1, device: device);
        up_blocks = nn.ModuleList(Enumerable.Range(0, channels.Count).Select(i => new UpDecoderBlock2D(config, i, device)).ToArray());
        mid_block = new VaeMidBlock(config, device);
        conv_norm_out = Norms.Group(config.NormNumGroups, channels[0], VaeShapes.Eps, device);
        conv_out = nn.Conv2d(channels[0], config.OutChannels, 3, 1, 1, device: device);
        RegisterComponents();
    }

    /// <param name="x">[B, latent, h, w]</param>
    /// <returns>[B, out, h*f, w*f]</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        x = mid_block.call(conv_in.call(x));
        foreach (var block in up_blocks)
        {
            var previous = x;
            x = block.call(x);
            previous.Dispose();
        }

        return conv_out.call(Reuse.Silu(conv_norm_out.call(x))).MoveToOuterDisposeScope();
    }
}
