using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Preprocessing;

/// <summary>Fits pictures into the square that detectors take, proportions kept.</summary>
internal static class Letterbox
{
    /// <summary>Adds black at the right or bottom to a square, scales it bilinearly without filtering, and rounds each value to 8 bits of 0..1.</summary>
    /// <returns>[3, side, side]</returns>
    public static float[] Pixels(Raster picture, int side)
    {
        using var scope = NewDisposeScope();
        var square = Math.Max(picture.Width, picture.Height);
        var planes = new float[3 * square * square];
        for (var y = 0; y < picture.Height; y++)
        {
            for (var x = 0; x < picture.Width; x++)
            {
                for (var c = 0; c < 3; c++)
                    planes[(((c * square) + y) * square) + x] = picture.Pixels[(((y * picture.Width) + x) * picture.Channels) + c];
            }
        }

        var pixels = tensor(planes, [1, 3, square, square]);
        var scaled = nn.functional.interpolate(pixels, size: [side, side], mode: InterpolationMode.Bilinear, align_corners: false);
        return scaled.round().div(255).data<float>().ToArray();
    }
}
