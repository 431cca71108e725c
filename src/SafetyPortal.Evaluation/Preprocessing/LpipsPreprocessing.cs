using SafetyPortal.Evaluation.Backbones;
using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Preprocessing;

/// <summary>Prepares pictures for LPIPS: pixels of -1..1.</summary>
public static class LpipsPreprocessing
{
    /// <summary>
    /// The shorter side resized to <paramref name="size"/> with Pillow's bilinear filter, as the published style evaluations do (64).
    /// Distances at 64 pixels and at full size are not comparable.
    /// </summary>
    /// <returns>float32 [1, 3, H, W]</returns>
    public static Tensor ShorterSide(Raster picture, int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        using var scope = NewDisposeScope();
        var small = PillowResize.ShorterSide(picture, size, ResizeFilter.Bilinear);
        return ((RasterPixels.Unit([small]) - 0.5) * 2).MoveToOuterDisposeScope();
    }
}
