using SixLabors.ImageSharp.Processing;

namespace SafetyPortal.Images;

/// <summary>Blurring that cannot be undone: what is left of a picture is about eight by eight colours.</summary>
public static class Veiling
{
    private const int Grain = 8;

    /// <summary>The veiled picture, as large as it was.</summary>
    /// <param name="image">3 channels.</param>
    public static Raster Draw(Raster image)
    {
        ArgumentNullException.ThrowIfNull(image);
        // The spline grows a grid of colours without edges or creases, as a Gaussian blur would, at a hundredth of its time.
        return ImageCodec.Draw(image, steps => steps
            .Resize(Math.Min(Grain, image.Width), Math.Min(Grain, image.Height), KnownResamplers.Triangle)
            .Resize(image.Width, image.Height, KnownResamplers.Spline));
    }
}
