using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Evaluation.Backbones;
using SafetyPortal.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation;

/// <summary>
/// Structural similarity, Wang et al. 2004 (IEEE TIP 13(4), equation 13): 11 x 11 Gaussian window of sigma 1.5 inside the image,
/// K1 = 0.01, K2 = 0.03, range 255; per channel, then the mean. 1 for equal images.
/// </summary>
public static class Ssim
{
    private const int Window = 11;
    private const double Sigma = 1.5;
    private const double C1 = 0.01 * 255 * 0.01 * 255;
    private const double C2 = 0.03 * 255 * 0.03 * 255;

    private static readonly double[] Weights = GaussianWindow();

    /// <param name="first">At least 11 x 11 pixels; alpha is left out.</param>
    /// <param name="second">The same size.</param>
    /// <exception cref="ArgumentException">The sizes differ, or a side is below 11.</exception>
    public static double Compare(Raster first, Raster second)
    {
        if (Math.Min(first.Width, first.Height) < Window)
            throw new ArgumentException($"Expected at least {Window} x {Window} pixels, got {first.Width} x {first.Height}.", nameof(first));
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var planes = RasterPixels.Of([first, second]).to(ScalarType.Float64).unsqueeze(2); // [2, 3, 1, H, W]
        var (x, y) = (planes[0], planes[1]); // [3, 1, H, W]
        var (meanX, meanY) = (Blur(x), Blur(y));
        var (varX, varY, cov) = (Blur(x * x) - (meanX * meanX), Blur(y * y) - (meanY * meanY), Blur(x * y) - (meanX * meanY));
        var luminance = ((meanX * meanY * 2) + C1) / ((meanX * meanX) + (meanY * meanY) + C1);
        return (luminance * ((cov * 2) + C2) / (varX + varY + C2)).mean().ToDouble();
    }

    // Down the columns, then along the rows, wherever the window fits inside.
    private static Tensor Blur(Tensor planes)
    {
        var window = OwnedTensor.Of(Weights, 1, 1, Window, 1);
        return nn.functional.conv2d(nn.functional.conv2d(planes, window), window.transpose(2, 3));
    }

    // In float32, as in the published implementation: where two images have little in common, the score shows the difference.
    private static double[] GaussianWindow()
    {
        var weights = Enumerable.Range(0, Window).Select(i => (float)Math.Exp(-Math.Pow(i - (Window / 2), 2) / (2 * Sigma * Sigma))).ToArray();
        var sum = (float)weights.Sum(w => (double)w);
        return [.. weights.Select(w => (double)(w / sum))];
    }
}
