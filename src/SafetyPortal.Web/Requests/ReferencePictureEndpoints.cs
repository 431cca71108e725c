using System.Security.Claims;
using Microsoft.EntityFrameworkCore;
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
        endpoints.MapGet("/requests/{requestId:long}/pictures/{digest}", OfRequestAsync).RequireAuthorization();
    }

    private static async Task<IResult> OfDraftAsync(
        string digest, ClaimsPrincipal user, RequestDrafts drafts, IDbContextFactory<PortalDb> databases, IArtifactStore artifacts, CancellationToken cancellationToken)
    {
        var me = Actor.From(user).Id;
        var mine = (await drafts.ReadAsync(me, cancellationToken))?.ReferenceImages.Contains(digest, StringComparer.Ordinal) == true;
        if (!mine)
        {
            // A request that was sent back is edited in the same form; its pictures are its requester's as well.
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            mine = await db.EraseRequests.AnyAsync(r => r.RequesterId == me && r.ReferenceImages.Contains(digest), cancellationToken);
        }
        return mine ? new PrivateImage(await artifacts.ReadAsync(digest, cancellationToken)) : NoSuchPicture();
    }

    private static async Task<IResult> OfRequestAsync(
        long requestId, string digest, ClaimsPrincipal user, IDbContextFactory<PortalDb> databases, IArtifactStore artifacts, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var request = await db.EraseRequests.AsNoTracking().SingleOrDefaultAsync(r => r.Id == requestId, cancellationToken);
        return request is not null && RequestAccess.MaySee(user, request) && request.ReferenceImages.Contains(digest, StringComparer.Ordinal)
            ? new PrivateImage(await artifacts.ReadAsync(digest, cancellationToken))
            : NoSuchPicture();
    }

    private static IResult NoSuchPicture() =>
        Results.Problem("There is no such picture, or it is not yours to see.", statusCode: StatusCodes.Status404NotFound, title: "No such picture");
}
