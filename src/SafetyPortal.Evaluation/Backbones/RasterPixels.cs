using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Backbones;

/// <summary>Turns pictures into tensors.</summary>
internal static class RasterPixels
{
    /// <summary>Returns samples of 0 to 255 without alpha, float32 [B, 3, H, W].</summary>
    /// <exception cref="ArgumentException">There are no pictures, their sizes differ, or one is neither RGB nor RGBA.</exception>
    public static Tensor Of(IReadOnlyList<Raster> pictures)
    {
        if (pictures.Count == 0)
            throw new ArgumentException("Expected at least one picture.", nameof(pictures));
        var (width, height) = (pictures[0].Width, pictures[0].Height);
        using var scope = NewDisposeScope();
        return stack(pictures.Select((picture, i) => Planes(picture, i))).to(ScalarType.Float32).contiguous().MoveToOuterDisposeScope();

        Tensor Planes(Raster picture, int number)
        {
            if (picture.Width != width || picture.Height != height)
            {
                throw new ArgumentException(
                    $"Expected pictures of {width} x {height} pixels, number {number + 1} has {picture.Width} x {picture.Height}.", nameof(pictures));
            }

            if (picture.Channels is not (3 or 4) || picture.Pixels.Length != width * height * picture.Channels)
            {
                throw new ArgumentException(
                    $"Expected 3 or 4 channels of {width} x {height} samples, got {picture.Channels} and {picture.Pixels.Length} samples.", nameof(pictures));
            }

            return tensor(picture.Pixels, dtype: ScalarType.Byte).reshape(height, width, picture.Channels).narrow(2, 0, 3).permute(2, 0, 1);
        }
    }

    /// <summary>Returns samples of 0 to 1 without alpha, float32 [B, 3, H, W].</summary>
    /// <exception cref="ArgumentException">As for <see cref="Of"/>.</exception>
    public static Tensor Unit(IReadOnlyList<Raster> pictures)
    {
        using var scope = NewDisposeScope();
        return (Of(pictures) / 255).MoveToOuterDisposeScope();
    }
}
