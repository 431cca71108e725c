using SafetyPortal.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Vae;

/// <summary>Sizes of the layers that a <see cref="VaeConfig"/> implies.</summary>
internal static class VaeShapes
{
    public const double Eps = 1e-6;

    public static ResnetShape Resnet(VaeConfig config, int input, int output) => new(input, output, TimeChannels: null, config.NormNumGroups, Eps);

    public static ModuleList<ResnetBlock2D> Resnets(VaeConfig config, int input, int output, int count, Device? device) =>
        nn.ModuleList(Enumerable.Range(0, count).Select(i => new ResnetBlock2D(Resnet(config, i == 0 ? input : output, output), device)).ToArray());
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

    /// <param name="config">The network.</param>
    /// <param name="block">Counted from low resolution up.</param>
    /// <param name="device">Where the weights go.</param>
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
