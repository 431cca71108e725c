using SafetyPortal.Images;
using SafetyPortal.Requests.Artifacts;

namespace SafetyPortal.Web.Pictures;

/// <summary>
/// Takes an uploaded picture: decoded within limits that are checked before any pixel is allocated, made no larger than a page
/// needs, and written anew, which drops whatever else the file carried.
/// </summary>
public sealed class ReferencePicture(IArtifactStore artifacts)
{
    public const int LongestSide = 1024;

    /// <summary>Bytes read from an upload at most; one more is read to tell "exactly" from "too many".</summary>
    public const long MaxBytes = 16L * 1024 * 1024;

    /// <summary>Stores the picture and returns its digest. Decodes on a thread of its own: a circuit of Blazor stays responsive.</summary>
    /// <exception cref="ImageFormatException">It is no PNG, JPEG or WebP, too large, or damaged; the message is for the person who uploaded it.</exception>
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
        {
            raster = ImageCodec.Resize(raster, Scaled(raster.Width, longest), Scaled(raster.Height, longest));
        }
        return ImageCodec.EncodePng(raster);
    }

    private static int Scaled(int side, int longest) => (int)Math.Max(1, (long)side * LongestSide / longest);
}
