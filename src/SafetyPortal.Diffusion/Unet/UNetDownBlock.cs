using SafetyPortal.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Unet;

/// <summary>Conditions of a block besides its feature map.</summary>
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
            attentions = nn.ModuleList(Enumerable.Range(0, layers).Select(_ => new Transformer2DModel(UNetShapes.Transformer(config, block), device)).ToArray());
        resnets = nn.ModuleList(Enumerable.Range(0, layers)
            .Select(i => new ResnetBlock2D(UNetShapes.Resnet(config, i == 0 ? input : channels, channels), device)).ToArray());
        if (block < config.BlockOutChannels.Count - 1)
            downsamplers = nn.ModuleList(new Downsample2D(channels, config.DownsamplePadding, device));
        RegisterComponents();
    }

    /// <summary>How many feature maps it returns.</summary>
    public int Outputs => resnets.Count + (downsamplers?.Count ?? 0);

    /// <param name="x">[B, in, H, W]</param>
    /// <param name="condition">Timestep and text.</param>
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
