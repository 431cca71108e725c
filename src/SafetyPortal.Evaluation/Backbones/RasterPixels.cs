using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Backbones;

/// <summary>Turns pictures into tensors.</summary>
internal static class RasterPixels
{
    /// <summary>Returns pixels of 0..1 without alpha, float32 [B, 3, H, W].</summary>
    /// <exception cref="ArgumentException">There are none, or their sizes differ.</exception>
    public static Tensor Unit(IReadOnlyList<Raster> pictures)
    {
        if (pictures.Count == 0)
            throw new ArgumentException("Expected at least one picture.", nameof(pictures));
        var (width, height) = (pictures[0].Width, pictures[0].Height);
        var plane = width * height;
        var values = new float[pictures.Count * 3 * plane];
        for (var i = 0; i < pictures.Count; i++)
        {
            var picture = pictures[i];
            if (picture.Width != width || picture.Height != height)
            {
                throw new ArgumentException(
                    $"Expected pictures of {width} x {height} pixels like the first, number {i} has {picture.Width} x {picture.Height}.", nameof(pictures));
            }

            for (var p = 0; p < plane; p++)
            {
                for (var c = 0; c < 3; c++)
                    values[(((i * 3) + c) * plane) + p] = picture.Pixels[(p * picture.Channels) + c] / 255f;
            }
        }

        return OwnedTensor.Of(values, pictures.Count, 3, height, width);
    }
}
