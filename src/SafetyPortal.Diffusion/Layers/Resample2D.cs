using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Layers;

/// <summary>Halves height and width with a strided 3x3 convolution.</summary>
internal sealed class Downsample2D : nn.Module<Tensor, Tensor>
{
    private readonly Conv2d conv;
    private readonly int padding;

    /// <param name="padding">On all sides; 0 pads one row below and one column to the right instead, as the autoencoder does.</param>
    public Downsample2D(int channels, int padding, Device? device)
        : base(nameof(Downsample2D))
    {
        this.padding = padding;
        conv = nn.Conv2d(channels, channels, 3, 2, padding, device: device);
        RegisterComponents();
    }

    /// <param name="x">[B, C, H, W]</param>
    /// <returns>[B, C, H/2, W/2]</returns>
    public override Tensor forward(Tensor x)
    {
        if (padding > 0)
            return conv.call(x);
        using var padded = nn.functional.pad(x, (0, 1, 0, 1)); // [B, C, H+1, W+1]
        return conv.call(padded);
    }
}

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
