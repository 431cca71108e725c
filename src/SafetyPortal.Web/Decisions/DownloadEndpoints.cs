using System.Security.Claims;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Web.Requests;
using SafetyPortal.Web.Security;

namespace SafetyPortal.Web.Decisions;

/// <summary>
/// Patches of releases and the evidence documents behind them, as files. Both list components, which is not for everyone; auditors have the
/// evidence in its pack.
/// </summary>
internal static class DownloadEndpoints
{
    public static void MapDownloads(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/releases/{id:long}/patch", PatchAsync).RequireAuthorization(Policies.SeeComponents);
        endpoints.MapGet("/requests/{id:long}/evidence.json", EvidenceAsync).RequireAuthorization(Policies.SeeComponents);
    }

    private static async Task<IResult> PatchAsync(
        long id, ClaimsPrincipal user, IDbContextFactory<PortalDb> databases, IArtifactStore artifacts, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var release = await db.Releases.AsNoTracking().Include(r => r.Request).SingleOrDefaultAsync(r => r.Id == id, cancellationToken);
        if (release?.Request is null || !RequestAccess.MaySee(user, release.Request))
            return Results.Problem($"There is no release {id}.", statusCode: StatusCodes.Status404NotFound, title: "No such release");
        return Results.File(
            await artifacts.OpenAsync(release.PatchDigest, cancellationToken), "application/octet-stream", $"release-{id}.patch.safetensors");
    }

    private static async Task<IResult> EvidenceAsync(
        long id, ClaimsPrincipal user, IDbContextFactory<PortalDb> databases, IArtifactStore artifacts, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var request = await db.EraseRequests.AsNoTracking().Include(r => r.CurrentRun).SingleOrDefaultAsync(r => r.Id == id, cancellationToken);
        if (request is null || !RequestAccess.MaySee(user, request) || request.CurrentRun?.EvidenceArtifact is not { } artifact)
            return Results.Problem($"There is no evidence for request {id}.", statusCode: StatusCodes.Status404NotFound, title: "No such evidence");
        return Results.File(await artifacts.OpenAsync(artifact, cancellationToken), "application/json", $"request-{id}-evidence.json");
    }
}
