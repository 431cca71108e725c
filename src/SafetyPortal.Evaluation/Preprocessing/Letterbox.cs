using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Preprocessing;

/// <summary>Pictures as detectors want them: a square of one size, proportions kept.</summary>
internal static class Letterbox
{
    /// <summary>Black at the right or bottom to a square, then bilinear without filtering to <paramref name="side"/>, each value rounded to 8 bits, 0..1.</summary>
    /// <returns>float32 [1, 3, side, side]</returns>
    public static Tensor Bytes(Raster picture, int side)
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
        return scaled.round().div(255).MoveToOuterDisposeScope();
    }
}
