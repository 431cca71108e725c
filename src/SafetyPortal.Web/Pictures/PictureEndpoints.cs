using System.Security.Claims;
using SafetyPortal.Images;
using SafetyPortal.Requests.Artifacts;

namespace SafetyPortal.Web.Pictures;

/// <summary>
/// Sends pictures to pages, never as files. A key alone opens nothing: <see cref="PictureFinder"/> decides who may see the picture, and a covered one
/// leaves the server sharp only after its reveal was written into the history.
/// </summary>
internal static class PictureEndpoints
{
    public static void MapPictures(this IEndpointRouteBuilder endpoints)
    {
        foreach (var of in Enum.GetValues<PictureOf>())
        {
            var picture = endpoints.MapGroup(PictureUrl.Route(of)).RequireAuthorization();
            picture.MapGet("", async (
                long id, string key, ClaimsPrincipal user, PictureFinder finder, PictureReveals reveals, IArtifactStore artifacts, CancellationToken cancellationToken) =>
            {
                if ((await finder.OpenAsync(user, of, id, cancellationToken))?.Invoke(key) is not { } found)
                    return NoSuchPicture();
                return await reveals.IsVeiledAsync(user, found, cancellationToken)
                    ? VeiledPicture()
                    : new PrivatePicture(await artifacts.ReadAsync(found.Digest, cancellationToken), keep: !found.Covered);
            });
            // The browser may keep veils, but those of the red team, which not every role sees.
            picture.MapGet("veiled", async (long id, string key, ClaimsPrincipal user, PictureFinder finder, IArtifactStore artifacts, CancellationToken cancellationToken) =>
                (await finder.OpenAsync(user, of, id, cancellationToken))?.Invoke(key) is { } found
                    ? new PrivatePicture(Veil(await artifacts.ReadAsync(found.Digest, cancellationToken), cancellationToken), keep: of != PictureOf.ProbeOrder)
                    : NoSuchPicture());
        }

        // The digest in the address makes the browser ask again; the answer is the newest preview, which the worker may have replaced meanwhile.
        endpoints.MapGet("/runs/{id:long}/preview/{digest}", async (long id, ClaimsPrincipal user, PictureFinder finder, IArtifactStore artifacts, CancellationToken cancellationToken) =>
            await SendAsync(await finder.PreviewAsync(user, id, cancellationToken), artifacts, cancellationToken)).RequireAuthorization();
        endpoints.MapGet("/drafts/pictures/{digest}", async (string digest, ClaimsPrincipal user, PictureFinder finder, IArtifactStore artifacts, CancellationToken cancellationToken) =>
            await SendAsync(await finder.OfFormAsync(user, digest, cancellationToken), artifacts, cancellationToken)).RequireAuthorization();
    }

    private static async Task<IResult> SendAsync(Picture? picture, IArtifactStore artifacts, CancellationToken cancellationToken)
    {
        if (picture is null)
            return NoSuchPicture();
        var bytes = await artifacts.ReadAsync(picture.Digest, cancellationToken);
        return new PrivatePicture(picture.Covered ? Veil(bytes, cancellationToken) : bytes, keep: false);
    }

    // What leaves the server keeps about eight by eight colours, so nothing that a browser does brings the rest back.
    private static byte[] Veil(byte[] picture, CancellationToken cancellationToken) =>
        ImageCodec.EncodeJpeg(Veiling.Draw(ImageCodec.Decode(picture, ImageLimits.Default, cancellation: cancellationToken)), quality: 80);

    private static IResult NoSuchPicture() =>
        Results.Problem("There is no such picture, or it is not yours to see.", statusCode: StatusCodes.Status404NotFound, title: "No such picture");

    private static IResult VeiledPicture() => Results.Problem(
        "This picture is veiled until you reveal it on its page.", statusCode: StatusCodes.Status403Forbidden, title: "Veiled picture",
        extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["code"] = "image-veiled" });

    /// <summary>
    /// A picture for one person; its type is taken from its first bytes. Caches in between never store it. The browser does when <paramref name="keep"/>
    /// is set: never for a covered picture, since the next account at the same browser reveals for itself.
    /// </summary>
    private sealed class PrivatePicture(byte[] bytes, bool keep) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers.CacheControl = keep ? "private, max-age=600" : "no-store";
            httpContext.Response.ContentType = bytes switch
            {
                [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => "image/png",
                [0xFF, 0xD8, ..] => "image/jpeg",
                [(byte)'R', (byte)'I', (byte)'F', (byte)'F', ..] => "image/webp",
                _ => "application/octet-stream",
            };
            httpContext.Response.ContentLength = bytes.Length;
            await httpContext.Response.Body.WriteAsync(bytes, httpContext.RequestAborted);
        }
    }
}
