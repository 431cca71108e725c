using SafetyPortal.Images;

namespace SafetyPortal.Evaluation;

/// <summary>Peak signal-to-noise ratio in dB, <c>10 log10(255^2 / mse)</c> over all pixels and the three colours; infinite for equal images.</summary>
public static class Psnr
{
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public static double Compare(Raster first, Raster second) => 10 * Math.Log10(255.0 * 255.0 / MeanSquaredError(first, second));

    /// <summary>Mean squared difference of the 8-bit values, 0 to 65025.</summary>
    public static double MeanSquaredError(Raster first, Raster second)
    {
        RasterPair.RequireSameSize(first, second);
        var pixels = first.Width * first.Height;
        long sum = 0;
        for (var p = 0; p < pixels; p++)
        {
            for (var c = 0; c < 3; c++)
            {
                var difference = first.Pixels[(p * first.Channels) + c] - second.Pixels[(p * second.Channels) + c];
                sum += difference * difference;
            }
        }

        return sum / (3.0 * pixels);
    }
}
