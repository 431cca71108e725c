namespace SafetyPortal.Images;

/// <summary>Blurring that cannot be undone: what is left of a picture is about eight by eight colours.</summary>
public static class Veiling
{
    private const int Grain = 8;

    /// <summary>The veiled picture, as large as it was.</summary>
    public static Raster Draw(Raster image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var coarse = ImageCodec.Resize(image, Math.Min(Grain, image.Width), Math.Min(Grain, image.Height), ResizeKernel.Linear);
        var grown = ImageCodec.Resize(coarse, image.Width, image.Height, ResizeKernel.Linear);
        return ImageCodec.GaussianBlur(grown, Math.Max(1, Math.Max(image.Width, image.Height) / (2.0 * Grain)));
    }
}
