using System.Security.Claims;
using SafetyPortal.Images;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Web.Hosting;

namespace SafetyPortal.Web.Pictures;

/// <summary>
/// Sends pictures to pages. <see cref="PictureFinder"/> decides who may see a picture. A covered picture leaves the server sharp only after the history
/// has recorded its reveal.
/// </summary>
internal static class PictureEndpoints
{
    public static void MapPictures(this IEndpointRouteBuilder endpoints)
    {
        foreach (var of in Enum.GetValues<PictureOf>())
        {
            var picture = endpoints.MapGroup(PictureUrl.Route(of)).RequireAuthorization();
            picture.MapGet("", async Task<IResult> (
                long id, string key, ClaimsPrincipal user, PictureFinder finder, PictureReveals reveals, IArtifactStore artifacts,
                CancellationToken cancellationToken) =>
            {
                var found = Found((await finder.OpenAsync(user, of, id, cancellationToken))?.Invoke(key));
                return await reveals.IsVeiledAsync(user, found, cancellationToken)
                    ? RefusalsAsProblems.Problem(
                        StatusCodes.Status403Forbidden, "image-veiled", "This picture is veiled until you reveal it on its page.")
                    : new PrivatePicture(await artifacts.ReadAsync(found.Digest, cancellationToken), keep: !found.Covered);
            });
            // The browser may keep veils, except those of the red team, which not every role may see.
            picture.MapGet("veiled", async Task<IResult> (
                long id, string key, ClaimsPrincipal user, PictureFinder finder, IArtifactStore artifacts, CancellationToken cancellationToken) =>
            {
                var found = Found((await finder.OpenAsync(user, of, id, cancellationToken))?.Invoke(key));
                return new PrivatePicture(
                    Veil(await artifacts.ReadAsync(found.Digest, cancellationToken), cancellationToken), keep: of != PictureOf.ProbeOrder);
            });
        }

        // The answer is always the newest preview. The digest in the address makes the browser ask again when there is a newer one.
        endpoints.MapGet("/runs/{id:long}/preview/{digest}", async (
            long id, ClaimsPrincipal user, PictureFinder finder, IArtifactStore artifacts, CancellationToken cancellationToken) =>
            await SendAsync(Found(await finder.PreviewAsync(user, id, cancellationToken)), artifacts, cancellationToken)).RequireAuthorization();
        endpoints.MapGet("/drafts/pictures/{digest}", async (
            string digest, ClaimsPrincipal user, PictureFinder finder, IArtifactStore artifacts, CancellationToken cancellationToken) =>
            await SendAsync(Found(await finder.OfFormAsync(user, digest, cancellationToken)), artifacts, cancellationToken)).RequireAuthorization();
    }

    private static Picture Found(Picture? picture) => picture ?? throw new NotFoundException("There is no such picture, or you may not see it.");

    private static async Task<IResult> SendAsync(Picture picture, IArtifactStore artifacts, CancellationToken cancellationToken)
    {
        var bytes = await artifacts.ReadAsync(picture.Digest, cancellationToken);
        return new PrivatePicture(picture.Covered ? Veil(bytes, cancellationToken) : bytes, keep: false);
    }

    // A veil keeps about eight by eight colours, so no browser can restore the picture from it.
    private static byte[] Veil(byte[] picture, CancellationToken cancellationToken) =>
        ImageCodec.EncodeJpeg(Veiling.Draw(ImageCodec.Decode(picture, ImageLimits.Default, cancellation: cancellationToken)), quality: 80);

    /// <summary>
    /// A picture for one person; its first bytes give its type. No cache stores it but that of the browser, and that only if <paramref name="keep"/> is set:
    /// not for a covered picture, since each account at the same browser must reveal it.
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
