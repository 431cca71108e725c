using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Layers;

/// <summary>Repeats pixels up to a given size, then smooths with a 3x3 convolution.</summary>
internal sealed class Upsample2D : nn.Module<Tensor, long[], Tensor>
{
    private readonly Conv2d conv;

    public Upsample2D(int channels, Device? device)
        : base(nameof(Upsample2D))
    {
        conv = nn.Conv2d(channels, channels, 3, 1, 1, device: device);
        RegisterComponents();
    }

    /// <param name="x">[B, C, H, W]</param>
    /// <param name="size">Height and width of the result.</param>
    /// <returns>[B, C, size]</returns>
    public override Tensor forward(Tensor x, long[] size)
    {
        using var larger = nn.functional.interpolate(x, size: size); // [B, C, size]
        return conv.call(larger);
    }
}
