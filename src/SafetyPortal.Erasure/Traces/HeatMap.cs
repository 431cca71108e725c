using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Traces;

/// <summary>A field of numbers over an image, 0 and above.</summary>
/// <param name="Values">Row-major, <paramref name="Width"/> * <paramref name="Height"/>.</param>
public sealed record HeatMap(int Width, int Height, float[] Values)
{
    // Share of the image, darkened and without colour, under the map's colours.
    private const double Shown = 0.45;

    /// <summary>The maps of a tensor [n, size, size].</summary>
    internal static IReadOnlyList<HeatMap> Of(Tensor maps, int size) =>
        [.. maps.unbind(0).Select(map => new HeatMap(size, size, map.contiguous().data<float>().ToArray()))];

    public float Lowest => Values.Min();

    public float Highest => Values.Max();

    public double Mean => Values.Average();

    /// <summary>Pearson's correlation of two maps of one size; null when one is flat.</summary>
    public double? Correlation(HeatMap other)
    {
        var correlation = MathNet.Numerics.Statistics.Correlation.Pearson(Values.Select(v => (double)v), other.Values.Select(v => (double)v));
        return double.IsFinite(correlation) ? correlation : null;
    }

    /// <summary>
    /// Draws the map over an image, enlarged to its size: from the image's grey at the map's lowest value through red to yellow at its highest. Attention
    /// never falls to 0 and seldom to half of its peak, so on a scale from 0 every map looks flat. The caller must print the two ends.
    /// </summary>
    /// <exception cref="ArgumentException">The image has other than 3 channels.</exception>
    public Raster Over(Raster image)
    {
        if (image.Channels != 3)
            throw new ArgumentException($"Expected an image of 3 channels, got {image.Channels}.", nameof(image));
        var pixels = new byte[image.Pixels.Length];
        double low = Lowest, span = Highest - low;
        for (var y = 0; y < image.Height; y++)
        {
            for (var x = 0; x < image.Width; x++)
            {
                var at = ((y * image.Width) + x) * 3;
                var grey = ((0.299 * image.Pixels[at]) + (0.587 * image.Pixels[at + 1]) + (0.114 * image.Pixels[at + 2])) * Shown;
                var heat = span > 0 ? Math.Clamp((At((x + 0.5) * Width / image.Width, (y + 0.5) * Height / image.Height) - low) / span, 0, 1) : 0;
                pixels[at] = Level(grey + (heat * (255 - grey)));
                pixels[at + 1] = Level((grey * (1 - heat)) + (255 * Math.Max(0, (heat * 2) - 1)));
                pixels[at + 2] = Level(grey * (1 - heat));
            }
        }

        return new Raster(image.Width, image.Height, 3, pixels);
    }

    private static byte Level(double value) => (byte)Math.Clamp(Math.Round(value), 0, 255);

    // Interpolates bilinearly between the centres of the places.
    private double At(double x, double y)
    {
        var (left, top) = (Math.Clamp(x - 0.5, 0, Width - 1), Math.Clamp(y - 0.5, 0, Height - 1));
        var (c, r) = ((int)left, (int)top);
        var (c1, r1) = (Math.Min(c + 1, Width - 1), Math.Min(r + 1, Height - 1));
        var (fx, fy) = (left - c, top - r);
        return (Values[(r * Width) + c] * (1 - fx) * (1 - fy)) + (Values[(r * Width) + c1] * fx * (1 - fy))
            + (Values[(r1 * Width) + c] * (1 - fx) * fy) + (Values[(r1 * Width) + c1] * fx * fy);
    }
}
