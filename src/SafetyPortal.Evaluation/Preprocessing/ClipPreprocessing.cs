using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Evaluation.Backbones;
using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Preprocessing;

/// <summary>
/// Prepares images for CLIP (Radford et al. 2021, arXiv 2103.00020): square, bicubic, normalised by the mean and deviation of its
/// training images.
/// </summary>
public static class ClipPreprocessing
{
    private static readonly float[] Mean = [0.48145466f, 0.4578275f, 0.40821073f];
    private static readonly float[] Deviation = [0.26862954f, 0.26130258f, 0.27577711f];

    /// <summary>
    /// openai/CLIP's transform: the shorter side resized to <paramref name="size"/> with Pillow's bicubic filter, centre crop,
    /// scale to 0..1, normalise.
    /// </summary>
    /// <returns>float32 [B, 3, size, size].</returns>
    public static Tensor FromImages(IReadOnlyList<Raster> images, int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        using var scope = NewDisposeScope();
        var squares = images.Select(image => PillowResize.CentreCrop(PillowResize.ShorterSide(image, size, ResizeFilter.Bicubic), size, size)).ToList();
        return Normalize(RasterPixels.Unit(squares)).MoveToOuterDisposeScope();
    }

    /// <summary>Resizes pixels of 0..1, [B, 3, H, W]; overshoot is kept, nothing is normalised.</summary>
    /// <param name="antialias">True: torchvision's default. False: libtorch's plain interpolation, as older versions did.</param>
    public static Tensor Resize(Tensor pixels, int height, int width, bool antialias)
    {
        using var scope = NewDisposeScope();
        var (rows, columns) = (Matrix((int)pixels.size(2), height, antialias), Matrix((int)pixels.size(3), width, antialias));
        var wide = nn.functional.linear(pixels.to(ScalarType.Float32), columns); // [B, 3, H, width]
        return nn.functional.linear(wide.transpose(2, 3), rows).transpose(2, 3).MoveToOuterDisposeScope(); // [B, 3, height, width]
    }

    /// <summary>Subtracts CLIP's mean and divides by its deviation, channel by channel; [B, 3, H, W] of 0..1.</summary>
    public static Tensor Normalize(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        return ((pixels - tensor(Mean).view(1, 3, 1, 1)) / tensor(Deviation).view(1, 3, 1, 1)).MoveToOuterDisposeScope();
    }

    // The one-dimensional resize as a matrix [output, input].
    private static Tensor Matrix(int input, int output, bool antialias)
    {
        var table = antialias ? ResizeWeights.Antialiased(input, output) : ResizeWeights.Interpolating(input, output);
        var values = new float[output * input];
        for (var o = 0; o < output; o++)
        {
            for (var t = 0; t < table.Weights[o].Length; t++)
                values[(o * input) + table.Start[o] + t] = (float)table.Weights[o][t];
        }

        return OwnedTensor.Of(values, output, input);
    }
}
