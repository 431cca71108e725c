using SafetyPortal.Evaluation.Backbones;
using SafetyPortal.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation;

/// <summary>Peak signal-to-noise ratio in dB, <c>10 log10(255^2 / mse)</c> over all pixels and the three colours; infinite for equal images.</summary>
public static class Psnr
{
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public static double Compare(Raster first, Raster second) => 10 * Math.Log10(255.0 * 255.0 / MeanSquaredError(first, second));

    /// <summary>Mean squared difference of the 8-bit values, 0 to 65025.</summary>
    public static double MeanSquaredError(Raster first, Raster second)
    {
        using var scope = NewDisposeScope();
        var pair = RasterPixels.Of([first, second]).to(ScalarType.Float64); // [2, 3, H, W]
        return (pair[0] - pair[1]).square().mean().ToDouble();
    }
}
