using SafetyPortal.Images;
using SafetyPortal.Requests.Evidence;

namespace SafetyPortal.Web.Decisions;

/// <summary>
/// Blurring on the server. What leaves it keeps about eight by eight colours of the picture, so nothing the browser does brings the
/// rest back.
/// </summary>
internal static class Veil
{
    private const int Grain = 8;

    /// <summary>Whether a pair is veiled until someone deliberately asks for it: everything the concept was asked for in, and all that the worker marked.</summary>
    public static bool Covers(GalleryEntry entry) => entry.Sensitive || string.Equals(entry.Group, "target", StringComparison.Ordinal);

    public static byte[] Draw(byte[] image)
    {
        var raster = ImageCodec.Decode(image, ImageLimits.Default);
        var coarse = ImageCodec.Resize(raster, Math.Min(Grain, raster.Width), Math.Min(Grain, raster.Height), ResizeKernel.Linear);
        var grown = ImageCodec.Resize(coarse, raster.Width, raster.Height, ResizeKernel.Linear);
        return ImageCodec.EncodeJpeg(ImageCodec.GaussianBlur(grown, Math.Max(1, Math.Max(raster.Width, raster.Height) / (2.0 * Grain))), quality: 80);
    }
}
