using System.Security.Claims;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Web.Decisions;

namespace SafetyPortal.Web.Requests;

/// <summary>Reference pictures of requests and of one's own draft. A digest opens only a picture that the person's draft or a request they may see names.</summary>
internal static class ReferencePictureEndpoints
{
    public static void MapReferencePictures(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/drafts/pictures/{digest}", OfDraftAsync).RequireAuthorization();
        var pictures = endpoints.MapGroup("/requests/{requestId:long}/pictures/{digest}").RequireAuthorization();
        pictures.MapGet("", SharpAsync);
        pictures.MapGet("veiled", VeiledAsync);
    }

    private static async Task<IResult> OfDraftAsync(
        string digest, ClaimsPrincipal user, RequestDrafts drafts, IDbContextFactory<PortalDb> databases, IArtifactStore artifacts, CancellationToken cancellationToken)
    {
        var me = Actor.From(user).Id;
        var mine = (await drafts.ReadAsync(me, cancellationToken))?.ReferenceImages.Contains(digest, StringComparer.Ordinal) == true;
        if (!mine)
        {
            // A draft and a request that was sent back are edited in the same form; past that, the pictures are on the page of the request.
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            mine = await db.EraseRequests.AnyAsync(
                r => r.RequesterId == me && (r.Status == RequestStatus.Draft || r.Status == RequestStatus.ChangesRequested) && r.ReferenceImages.Contains(digest), cancellationToken);
        }
        return mine ? new PrivateImage(await artifacts.ReadAsync(digest, cancellationToken), keep: false) : NoSuchPicture();
    }

    private static async Task<IResult> SharpAsync(
        long requestId, string digest, ClaimsPrincipal user, ReferenceVeil veil, IDbContextFactory<PortalDb> databases, IArtifactStore artifacts, CancellationToken cancellationToken)
    {
        if (await FindAsync(requestId, digest, user, databases, cancellationToken) is not { } request)
            return NoSuchPicture();
        if (await veil.IsVeiledAsync(Actor.From(user), request, digest, cancellationToken))
        {
            return Results.Problem(
                "This picture is veiled until you reveal it on the page of the request.", statusCode: StatusCodes.Status403Forbidden, title: "Veiled picture",
                extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["code"] = "image-veiled" });
        }
        return new PrivateImage(await artifacts.ReadAsync(digest, cancellationToken), keep: !ReferenceVeil.Covers(request));
    }

    private static async Task<IResult> VeiledAsync(
        long requestId, string digest, ClaimsPrincipal user, IDbContextFactory<PortalDb> databases, IArtifactStore artifacts, CancellationToken cancellationToken) =>
        await FindAsync(requestId, digest, user, databases, cancellationToken) is not null
            ? new PrivateImage(Veil.Draw(await artifacts.ReadAsync(digest, cancellationToken), cancellationToken))
            : NoSuchPicture();

    private static async Task<EraseRequest?> FindAsync(
        long requestId, string digest, ClaimsPrincipal user, IDbContextFactory<PortalDb> databases, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var request = await db.EraseRequests.AsNoTracking().SingleOrDefaultAsync(r => r.Id == requestId, cancellationToken);
        return request is not null && RequestAccess.MaySee(user, request) && request.ReferenceImages.Contains(digest, StringComparer.Ordinal) ? request : null;
    }

    private static IResult NoSuchPicture() =>
        Results.Problem("There is no such picture, or it is not yours to see.", statusCode: StatusCodes.Status404NotFound, title: "No such picture");
}
