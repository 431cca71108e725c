using SafetyPortal.Images;

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
        RasterPair.RequireSameSize(first, second);
        if (first.Width < Window || first.Height < Window)
            throw new ArgumentException($"Expected at least {Window} x {Window} pixels, got {first.Width} x {first.Height}.", nameof(first));
        return Enumerable.Range(0, 3).Average(channel => CompareChannel(first, second, channel));
    }

    private static double CompareChannel(Raster first, Raster second, int channel)
    {
        var (x, y) = (Channel(first, channel), Channel(second, channel));
        var (meanX, meanY) = (Blur(x), Blur(y));
        var (xx, yy, xy) = (Blur(Product(x, x)), Blur(Product(y, y)), Blur(Product(x, y)));
        var (rows, columns) = (meanX.GetLength(0), meanX.GetLength(1));
        var sum = 0.0;
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++)
            {
                var (mx, my) = (meanX[r, c], meanY[r, c]);
                var (varX, varY, cov) = (xx[r, c] - (mx * mx), yy[r, c] - (my * my), xy[r, c] - (mx * my));
                var luminance = ((2 * mx * my) + C1) / ((mx * mx) + (my * my) + C1);
                sum += luminance * ((2 * cov) + C2) / (varX + varY + C2);
            }
        }

        return sum / ((double)rows * columns);
    }

    private static double[,] Channel(Raster image, int channel)
    {
        var values = new double[image.Height, image.Width];
        for (var r = 0; r < image.Height; r++)
        {
            for (var c = 0; c < image.Width; c++)
                values[r, c] = image.Pixels[(((r * image.Width) + c) * image.Channels) + channel];
        }

        return values;
    }

    private static double[,] Product(double[,] x, double[,] y)
    {
        var product = new double[x.GetLength(0), x.GetLength(1)];
        for (var r = 0; r < x.GetLength(0); r++)
        {
            for (var c = 0; c < x.GetLength(1); c++)
                product[r, c] = x[r, c] * y[r, c];
        }

        return product;
    }

    // Separable: down the columns, then along the rows; only where the window lies inside.
    private static double[,] Blur(double[,] image)
    {
        var (rows, columns) = (image.GetLength(0) - Window + 1, image.GetLength(1));
        var vertical = new double[rows, columns];
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++)
            {
                for (var k = 0; k < Window; k++)
                    vertical[r, c] += Weights[k] * image[r + k, c];
            }
        }

        var blurred = new double[rows, columns - Window + 1];
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns - Window + 1; c++)
            {
                for (var k = 0; k < Window; k++)
                    blurred[r, c] += Weights[k] * vertical[r, c + k];
            }
        }

        return blurred;
    }

    // In float32, as the published implementation makes it: where two images have little in common, the score shows the difference.
    private static double[] GaussianWindow()
    {
        var weights = Enumerable.Range(0, Window).Select(i => (float)Math.Exp(-Math.Pow(i - (Window / 2), 2) / (2 * Sigma * Sigma))).ToArray();
        var sum = (float)weights.Sum(w => (double)w);
        return [.. weights.Select(w => (double)(w / sum))];
    }
}
