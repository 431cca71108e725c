using SafetyPortal.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Vae;

/// <summary>Single-head self-attention between all pixels, added to its input.</summary>
internal sealed class VaeAttention : nn.Module<Tensor, Tensor>
{
    private readonly GroupNorm group_norm;
    private readonly Linear to_q;
    private readonly Linear to_k;
    private readonly Linear to_v;
    private readonly ModuleList<Linear> to_out;

    public VaeAttention(int channels, int groups, Device? device)
        : base(nameof(VaeAttention))
    {
        group_norm = Norms.Group(groups, channels, VaeShapes.Eps, device);
        to_q = nn.Linear(channels, channels, device: device);
        to_k = nn.Linear(channels, channels, device: device);
        to_v = nn.Linear(channels, channels, device: device);
        to_out = nn.ModuleList(nn.Linear(channels, channels, device: device));
        RegisterComponents();
    }

    /// <param name="x">[B, C, H, W]</param>
    /// <returns>[B, C, H, W]</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var (batch, channels, height, width) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3]);
        var tokens = group_norm.call(x).reshape(batch, channels, height * width).transpose(1, 2).contiguous(); // [B, H*W, C]
        var attended = ScaledAttention.Attend(to_q.call(tokens), to_k.call(tokens), to_v.call(tokens), heads: 1); // [B, H*W, C]
        var map = to_out[0].call(attended).transpose(1, 2).reshape(batch, channels, height, width); // [B, C, H, W]
        return (map + x).MoveToOuterDisposeScope();
    }
}

/// <summary>Layers in the sizes of a <see cref="VaeConfig"/>.</summary>
internal static class VaeShapes
{
    public const double Eps = 1e-6;

    public static ModuleList<ResnetBlock2D> Resnets(VaeConfig config, int input, int output, int count, Device? device) =>
        nn.ModuleList(Enumerable.Range(0, count)
            .Select(i => new ResnetBlock2D(new(i == 0 ? input : output, output, TimeChannels: null, config.NormNumGroups, Eps), device)).ToArray());
}

/// <summary><c>DownEncoderBlock2D</c>: ResNet blocks, then halving of the resolution in all but the last block.</summary>
internal sealed class DownEncoderBlock2D : nn.Module<Tensor, Tensor>
{
    private readonly ModuleList<ResnetBlock2D> resnets;
    private readonly ModuleList<Downsample2D>? downsamplers;

    public DownEncoderBlock2D(VaeConfig config, int block, Device? device)
        : base(nameof(DownEncoderBlock2D))
    {
        var channels = config.BlockOutChannels[block];
        resnets = VaeShapes.Resnets(config, config.BlockOutChannels[Math.Max(block - 1, 0)], channels, config.LayersPerBlock, device);
        if (block < config.BlockOutChannels.Count - 1)
            downsamplers = nn.ModuleList(new Downsample2D(channels, padding: 0, device));
        RegisterComponents();
    }

    /// <param name="x">[B, in, H, W]</param>
    /// <returns>[B, C, H/2, W/2], or [B, C, H, W] in the last block</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        foreach (var resnet in resnets)
            x = resnet.call(x, null);
        if (downsamplers is not null)
            x = downsamplers[0].call(x);
        return x.MoveToOuterDisposeScope();
    }
}

/// <summary><c>UpDecoderBlock2D</c>: ResNet blocks, then doubling of the resolution in all but the last block.</summary>
internal sealed class UpDecoderBlock2D : nn.Module<Tensor, Tensor>
{
    private readonly ModuleList<ResnetBlock2D> resnets;
    private readonly ModuleList<Upsample2D>? upsamplers;

    /// <param name="block">Counted from low resolution up.</param>
    public UpDecoderBlock2D(VaeConfig config, int block, Device? device)
        : base(nameof(UpDecoderBlock2D))
    {
        var mirrored = config.BlockOutChannels.Count - 1 - block;
        var channels = config.BlockOutChannels[mirrored];
        var input = config.BlockOutChannels[Math.Min(mirrored + 1, config.BlockOutChannels.Count - 1)];
        resnets = VaeShapes.Resnets(config, input, channels, config.LayersPerBlock + 1, device);
        if (mirrored > 0)
            upsamplers = nn.ModuleList(new Upsample2D(channels, device));
        RegisterComponents();
    }

    /// <param name="x">[B, in, H, W]</param>
    /// <returns>[B, C, 2H, 2W], or [B, C, H, W] in the last block</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        foreach (var resnet in resnets)
            x = resnet.call(x, null);
        if (upsamplers is not null)
            x = upsamplers[0].call(x, [x.shape[2] * 2, x.shape[3] * 2]);
        return x.MoveToOuterDisposeScope();
    }
}

/// <summary><c>UNetMidBlock2D</c>: ResNet block, attention, ResNet block at the lowest resolution.</summary>
internal sealed class VaeMidBlock : nn.Module<Tensor, Tensor>
{
    private readonly ModuleList<VaeAttention>? attentions;
    private readonly ModuleList<ResnetBlock2D> resnets;

    public VaeMidBlock(VaeConfig config, Device? device)
        : base("UNetMidBlock2D")
    {
        var channels = config.BlockOutChannels[^1];
        if (config.MidBlockAddAttention)
            attentions = nn.ModuleList(new VaeAttention(channels, config.NormNumGroups, device));
        resnets = VaeShapes.Resnets(config, channels, channels, 2, device);
        RegisterComponents();
    }

    /// <param name="x">[B, C, H, W]</param>
    /// <returns>[B, C, H, W]</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        x = resnets[0].call(x, null);
        if (attentions is not null)
            x = attentions[0].call(x);
        return resnets[1].call(x, null).MoveToOuterDisposeScope();
    }
}

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
