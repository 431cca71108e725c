using SafetyPortal.Images;

namespace SafetyPortal.Evaluation.Preprocessing;

/// <summary>
/// Pillow's resize of 8-bit images, bit for bit: weights in fixed point of 22 bits, rows first, then columns, each pass
/// rounded to 8 bits. Published preprocessing uses it, and scores depend on the resampler.
/// </summary>
internal static class PillowResize
{
    private const int Precision = 32 - 8 - 2;

    /// <summary>Resizes without alpha, to three channels.</summary>
    public static Raster Resize(Raster image, int width, int height, ResizeFilter filter)
    {
        var pixels = new byte[image.Width * image.Height * 3];
        for (var p = 0; p < image.Width * image.Height; p++)
            image.Pixels.AsSpan(p * image.Channels, 3).CopyTo(pixels.AsSpan(p * 3));
        if (width != image.Width)
            pixels = Pass(pixels, filter, image.Height, lineStep: image.Width * 3, step: 3, image.Width, width, outLineStep: width * 3, outStep: 3, inner: 3);
        if (height != image.Height)
            pixels = Pass(pixels, filter, lines: 1, lineStep: 0, step: width * 3, image.Height, height, outLineStep: 0, outStep: width * 3, inner: width * 3);
        return new(width, height, 3, pixels);
    }

    /// <summary>Resizes the shorter side to <paramref name="size"/> and the other in proportion, rounded down as torchvision does.</summary>
    public static Raster ShorterSide(Raster image, int size, ResizeFilter filter)
    {
        var (width, height) = image.Width <= image.Height
            ? (size, (int)((long)size * image.Height / image.Width))
            : ((int)((long)size * image.Width / image.Height), size);
        return Resize(image, width, height, filter);
    }

    /// <summary>Returns the middle of an image, at the position of torchvision's CenterCrop.</summary>
    public static Raster CentreCrop(Raster image, int width, int height)
    {
        var (left, top) = ((int)Math.Round((image.Width - width) / 2.0), (int)Math.Round((image.Height - height) / 2.0));
        var pixels = new byte[width * height * image.Channels];
        for (var y = 0; y < height; y++)
        {
            image.Pixels.AsSpan((((top + y) * image.Width) + left) * image.Channels, width * image.Channels)
                .CopyTo(pixels.AsSpan(y * width * image.Channels));
        }

        return new(width, height, image.Channels, pixels);
    }

    // One dimension; `inner` consecutive bytes share a weight.
    private static byte[] Pass(
        byte[] source, ResizeFilter filter, int lines, int lineStep, int step, int input, int output, int outLineStep, int outStep, int inner)
    {
        var table = ResizeWeights.Antialiased(input, output, filter);
        var result = new byte[lines * outLineStep + (lines == 1 && outLineStep == 0 ? output * outStep : 0)];
        for (var o = 0; o < output; o++)
        {
            var weights = table.Weights[o].Select(Fixed).ToArray();
            for (var line = 0; line < lines; line++)
            {
                for (var k = 0; k < inner; k++)
                {
                    var sum = 1 << (Precision - 1);
                    for (var t = 0; t < weights.Length; t++)
                        sum += source[(line * lineStep) + ((table.Start[o] + t) * step) + k] * weights[t];
                    result[(line * outLineStep) + (o * outStep) + k] = (byte)Math.Clamp(sum >> Precision, 0, 255);
                }
            }
        }

        return result;
    }

    private static int Fixed(double weight) => (int)((weight < 0 ? -0.5 : 0.5) + (weight * (1 << Precision)));
}
