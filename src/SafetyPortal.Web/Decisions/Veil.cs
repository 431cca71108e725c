using SafetyPortal.Images;
using SafetyPortal.Requests.Evidence;

namespace SafetyPortal.Web.Decisions;

/// <summary>
/// Blurring on the server. What leaves it keeps about eight by eight colours of the picture, so nothing the browser does brings the
/// rest back.
/// </summary>
internal static class Veil
{
    /// <summary>Whether a pair is veiled until someone deliberately asks for it: everything the concept was asked for in, and all that the worker marked.</summary>
    public static bool Covers(GalleryEntry entry) => entry.Sensitive || string.Equals(entry.Group, "target", StringComparison.Ordinal);

    public static byte[] Draw(byte[] image, CancellationToken cancellation) =>
        ImageCodec.EncodeJpeg(Veiling.Draw(ImageCodec.Decode(image, ImageLimits.Default, cancellation: cancellation)), quality: 80);
}
