using SafetyPortal.Images;
using SafetyPortal.Requests.Artifacts;

namespace SafetyPortal.Web.Pictures;

/// <summary>
/// Stores uploaded pictures: decodes them within limits, makes them no larger than a page needs, and encodes them anew, which drops metadata.
/// </summary>
public sealed class ReferencePicture(IArtifactStore artifacts)
{
    /// <summary>Longest upload in bytes.</summary>
    public static readonly long MaxBytes = ImageLimits.Default.MaxBytes;

    private const int LongestSide = 1024;

    /// <summary>Stores the picture and returns its digest. Decoding takes another thread, so that the page stays responsive.</summary>
    /// <exception cref="ImageFormatException">The file is not a PNG, JPEG or WebP, too large, or damaged; the message is for the user.</exception>
    public async Task<string> StoreAsync(byte[] upload, CancellationToken cancellationToken)
    {
        var png = await Task.Run(() => WrittenAnew(upload, cancellationToken), cancellationToken);
        return await artifacts.PutAsync(png, cancellationToken);
    }

    private static byte[] WrittenAnew(byte[] upload, CancellationToken cancellationToken)
    {
        var raster = ImageCodec.Decode(upload, ImageLimits.Default, cancellation: cancellationToken);
        var longest = Math.Max(raster.Width, raster.Height);
        if (longest > LongestSide)
            raster = ImageCodec.Resize(raster, Scaled(raster.Width, longest), Scaled(raster.Height, longest));
        return ImageCodec.EncodePng(raster);
    }

    private static int Scaled(int side, int longest) => (int)Math.Max(1, (long)side * LongestSide / longest);
}
