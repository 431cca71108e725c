using SafetyPortal.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Unet;

/// <summary>What every block takes in besides its feature map.</summary>
/// <param name="Time">The timestep embedding after its SiLU, [B or 1, time].</param>
/// <param name="Text">The text embedding, [B, S, text].</param>
internal readonly record struct Conditioning(Tensor Time, Tensor Text);

/// <summary>
/// <c>CrossAttnDownBlock2D</c>, or <c>DownBlock2D</c> where it has no attentions: ResNet blocks, each followed by attention,
/// then halving of the resolution in all but the last block.
/// </summary>
internal sealed class UNetDownBlock : nn.Module<Tensor, Conditioning, Tensor[]>
{
    private readonly ModuleList<Transformer2DModel>? attentions;
    private readonly ModuleList<ResnetBlock2D> resnets;
    private readonly ModuleList<Downsample2D>? downsamplers;

    public UNetDownBlock(UNetConfig config, int block, Device? device)
        : base(config.DownBlockTypes[block])
    {
        var channels = config.BlockOutChannels[block];
        var input = config.BlockOutChannels[Math.Max(block - 1, 0)];
        var layers = config.LayersPerBlock[block];
        if (config.DownBlockTypes[block] == UNetConfig.CrossAttentionDown)
            attentions = UNetShapes.Attentions(config, block, layers, device);
        resnets = nn.ModuleList(Enumerable.Range(0, layers)
            .Select(i => new ResnetBlock2D(UNetShapes.Resnet(config, i == 0 ? input : channels, channels), device)).ToArray());
        if (block < config.BlockOutChannels.Count - 1)
            downsamplers = nn.ModuleList(new Downsample2D(channels, config.DownsamplePadding, device));
        RegisterComponents();
    }

    /// <summary>Number of feature maps it returns.</summary>
    public int Outputs => resnets.Count + (downsamplers?.Count ?? 0);

    /// <param name="x">[B, in, H, W]</param>
    /// <returns>The feature map after each layer, for the up path; the last is the block's output, [B, C, H/2, W/2] or [B, C, H, W].</returns>
    public override Tensor[] forward(Tensor x, Conditioning condition)
    {
        using var scope = NewDisposeScope();
        var outputs = new List<Tensor>();
        for (var i = 0; i < resnets.Count; i++)
        {
            x = resnets[i].call(x, condition.Time); // [B, C, H, W]
            if (attentions is not null)
                x = attentions[i].call(x, condition.Text); // [B, C, H, W]
            outputs.Add(x);
        }

        if (downsamplers is not null)
            outputs.Add(downsamplers[0].call(x)); // [B, C, H/2, W/2]
        return [.. outputs.Select(o => o.MoveToOuterDisposeScope())];
    }
}

/// <summary><c>UNetMidBlock2DCrossAttn</c>: ResNet block, attention, ResNet block at the lowest resolution.</summary>
internal sealed class UNetMidBlock : nn.Module<Tensor, Conditioning, Tensor>
{
    private readonly ModuleList<Transformer2DModel> attentions;
    private readonly ModuleList<ResnetBlock2D> resnets;

    public UNetMidBlock(UNetConfig config, Device? device)
        : base("UNetMidBlock2DCrossAttn")
    {
        var last = config.BlockOutChannels.Count - 1;
        var channels = config.BlockOutChannels[last];
        var resnet = UNetShapes.Resnet(config, channels, channels) with { OutputScale = config.MidBlockScaleFactor };
        attentions = UNetShapes.Attentions(config, last, 1, device);
        resnets = nn.ModuleList(new ResnetBlock2D(resnet, device), new ResnetBlock2D(resnet, device));
        RegisterComponents();
    }

    /// <param name="x">[B, C, H, W]</param>
    /// <returns>[B, C, H, W]</returns>
    public override Tensor forward(Tensor x, Conditioning condition)
    {
        using var scope = NewDisposeScope();
        x = resnets[0].call(x, condition.Time);
        x = attentions[0].call(x, condition.Text);
        x = resnets[1].call(x, condition.Time);
        return x.MoveToOuterDisposeScope();
    }
}

/// <summary>
/// <c>CrossAttnUpBlock2D</c>, or <c>UpBlock2D</c> where it has no attentions: joins the feature maps of the down path, one per ResNet block, then
/// doubles the resolution in all but the last block.
/// </summary>
internal sealed class UNetUpBlock : nn.Module<Tensor, Stack<Tensor>, Conditioning, Tensor>
{
    private readonly ModuleList<Transformer2DModel>? attentions;
    private readonly ModuleList<ResnetBlock2D> resnets;
    private readonly ModuleList<Upsample2D>? upsamplers;

    /// <param name="block">Counted from low resolution up.</param>
    public UNetUpBlock(UNetConfig config, int block, Device? device)
        : base(config.UpBlockTypes[block])
    {
        var mirrored = config.BlockOutChannels.Count - 1 - block;
        var channels = config.BlockOutChannels[mirrored];
        var previous = config.BlockOutChannels[Math.Min(mirrored + 1, config.BlockOutChannels.Count - 1)];
        var lowestSkip = config.BlockOutChannels[Math.Max(mirrored - 1, 0)];
        var layers = config.LayersPerBlock[mirrored] + 1;
        if (config.UpBlockTypes[block] == UNetConfig.CrossAttentionUp)
            attentions = UNetShapes.Attentions(config, mirrored, layers, device);
        resnets = nn.ModuleList(Enumerable.Range(0, layers).Select(i =>
        {
            var skip = i == layers - 1 ? lowestSkip : channels;
            return new ResnetBlock2D(UNetShapes.Resnet(config, (i == 0 ? previous : channels) + skip, channels), device);
        }).ToArray());
        if (mirrored > 0)
            upsamplers = nn.ModuleList(new Upsample2D(channels, device));
        RegisterComponents();
    }

    /// <summary>Number of feature maps of the down path it takes.</summary>
    public int Skips => resnets.Count;

    /// <param name="x">[B, previous, H, W]</param>
    /// <param name="skips">The feature maps of the down path; the block takes and disposes one per layer.</param>
    /// <returns>[B, C, 2H, 2W] (the size of the next feature map on the stack), or [B, C, H, W] in the last block.</returns>
    public override Tensor forward(Tensor x, Stack<Tensor> skips, Conditioning condition)
    {
        using var scope = NewDisposeScope();
        for (var i = 0; i < resnets.Count; i++)
        {
            var skip = skips.Pop();
            var joined = cat([x, skip], 1); // [B, in + skip, H, W]
            skip.Dispose();
            x = resnets[i].call(joined, condition.Time); // [B, C, H, W]
            joined.Dispose();
            if (attentions is not null)
                x = attentions[i].call(x, condition.Text); // [B, C, H, W]
        }

        if (upsamplers is not null)
            x = upsamplers[0].call(x, skips.Peek().shape[2..]); // [B, C, 2H, 2W]
        return x.MoveToOuterDisposeScope();
    }
}

/// <summary>Layers in the sizes of a <see cref="UNetConfig"/>.</summary>
internal static class UNetShapes
{
    public static ResnetShape Resnet(UNetConfig config, int input, int output) =>
        new(input, output, config.TimeChannels, config.NormNumGroups, config.NormEps);

    /// <param name="block">Counted from full resolution down, on both paths.</param>
    public static ModuleList<Transformer2DModel> Attentions(UNetConfig config, int block, int count, Device? device)
    {
        var shape = new TransformerShape(
            config.BlockOutChannels[block],
            config.CrossAttentionDim[block],
            config.AttentionHeads[block],
            config.TransformerLayersPerBlock[block],
            config.NormNumGroups,
            config.UseLinearProjection,
            config.UpcastAttention);
        return nn.ModuleList(Enumerable.Range(0, count).Select(_ => new Transformer2DModel(shape, device)).ToArray());
    }
}
