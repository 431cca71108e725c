using SafetyPortal.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Vae;

/// <summary>Image to the moments of its latent, before <c>quant_conv</c>.</summary>
internal sealed class Encoder : nn.Module<Tensor, Tensor>
{
    private readonly Conv2d conv_in;
    private readonly ModuleList<DownEncoderBlock2D> down_blocks;
    private readonly VaeMidBlock mid_block;
    private readonly GroupNorm conv_norm_out;
    private readonly Conv2d conv_out;

    public Encoder(VaeConfig config, Device? device)
        : base(nameof(Encoder))
    {
        var channels = config.BlockOutChannels;
        conv_in = nn.Conv2d(config.InChannels, channels[0], 3, 1, 1, device: device);
        down_blocks = nn.ModuleList(Enumerable.Range(0, channels.Count).Select(i => new DownEncoderBlock2D(config, i, device)).ToArray());
        mid_block = new VaeMidBlock(config, device);
        conv_norm_out = Norms.Group(config.NormNumGroups, channels[^1], VaeShapes.Eps, device);
        conv_out = nn.Conv2d(channels[^1], 2 * config.LatentChannels, 3, 1, 1, device: device);
        RegisterComponents();
    }

    /// <param name="x">[B, in, H, W]</param>
    /// <returns>[B, 2 * latent, H/f, W/f]</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        x = conv_in.call(x);
        foreach (var block in down_blocks)
        {
            var previous = x;
            x = block.call(x);
            previous.Dispose();
        }

        x = mid_block.call(x);
        return conv_out.call(Reuse.Silu(conv_norm_out.call(x))).MoveToOuterDisposeScope();
    }
}
