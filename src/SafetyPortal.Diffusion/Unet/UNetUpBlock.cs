using SafetyPortal.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Unet;

/// <summary>
/// <c>CrossAttnUpBlock2D</c>, or <c>UpBlock2D</c> where it has no attentions: joins the feature maps the down path left behind,
/// one per ResNet block, then doubles the resolution in all but the last block.
/// </summary>
internal sealed class UNetUpBlock : nn.Module<Tensor, Stack<Tensor>, Conditioning, Tensor>
{
    private readonly ModuleList<Transformer2DModel>? attentions;
    private readonly ModuleList<ResnetBlock2D> resnets;
    private readonly ModuleList<Upsample2D>? upsamplers;

    /// <param name="config">The network.</param>
    /// <param name="block">Counted from low resolution up.</param>
    /// <param name="device">Where the weights go.</param>
    public UNetUpBlock(UNetConfig config, int block, Device? device)
        : base(config.UpBlockTypes[block])
    {
        var mirrored = config.BlockOutChannels.Count - 1 - block;
        var channels = config.BlockOutChannels[mirrored];
        var previous = config.BlockOutChannels[Math.Min(mirrored + 1, config.BlockOutChannels.Count - 1)];
        var lowestSkip = config.BlockOutChannels[Math.Max(mirrored - 1, 0)];
        var layers = config.LayersPerBlock[mirrored] + 1;
        if (config.UpBlockTypes[block] == UNetConfig.CrossAttentionUp)
            attentions = nn.ModuleList(Enumerable.Range(0, layers).Select(_ => new Transformer2DModel(UNetShapes.Transformer(config, mirrored), device)).ToArray());
        resnets = nn.ModuleList(Enumerable.Range(0, layers).Select(i =>
        {
            var skip = i == layers - 1 ? lowestSkip : channels;
            return new ResnetBlock2D(UNetShapes.Resnet(config, (i == 0 ? previous : channels) + skip, channels), device);
        }).ToArray());
        if (mirrored > 0)
            upsamplers = nn.ModuleList(new Upsample2D(channels, device));
        RegisterComponents();
    }

    /// <summary>How many feature maps of the down path it takes.</summary>
    public int Skips => resnets.Count;

    /// <param name="x">[B, previous, H, W]</param>
    /// <param name="skips">What the down path left behind; the block takes and disposes one per layer.</param>
    /// <param name="condition">Timestep and text.</param>
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
