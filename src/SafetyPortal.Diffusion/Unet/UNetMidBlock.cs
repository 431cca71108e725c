using SafetyPortal.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Unet;

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
        attentions = nn.ModuleList(new Transformer2DModel(UNetShapes.Transformer(config, last), device));
        resnets = nn.ModuleList(new ResnetBlock2D(resnet, device), new ResnetBlock2D(resnet, device));
        RegisterComponents();
    }

    /// <param name="x">[B, C, H, W]</param>
    /// <param name="condition">Timestep and text.</param>
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
