using System.Security.Claims;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Evidence.Pack;
using SafetyPortal.Web.Hosting;
using SafetyPortal.Web.Requests;
using SafetyPortal.Web.Security;

namespace SafetyPortal.Web.Decisions;

/// <summary>
/// Patches, evidence documents and evidence packs as files. The first two list single weights, which not every role may see.
/// </summary>
internal static class DownloadEndpoints
{
    public static string PackUrl(long request) => $"/requests/{request}/evidence-pack.zip";

    public static void MapDownloads(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/releases/{id:long}/patch", PatchAsync).RequireAuthorization(Policies.SeeComponents);
        endpoints.MapGet("/requests/{id:long}/evidence.json", EvidenceAsync).RequireAuthorization(Policies.SeeComponents);
        endpoints.MapGet("/requests/{id:long}/evidence-pack.zip", PackAsync)
            .RequireAuthorization(Policies.ExportEvidence).RequireRateLimiting(RateLimits.Copies);
    }

    private static async Task<IResult> PatchAsync(
        long id, ClaimsPrincipal user, IDbContextFactory<PortalDb> databases, IArtifactStore artifacts, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var release = await db.Releases.AsNoTracking().Include(r => r.Request).SingleOrDefaultAsync(r => r.Id == id, cancellationToken);
        if (release?.Request is null || !RequestAccess.MaySee(user, release.Request))
            throw new NotFoundException($"There is no release {id}.");
        return Results.File(
            await artifacts.OpenAsync(release.PatchDigest, cancellationToken), "application/octet-stream", $"release-{id}.patch.safetensors");
    }

    private static async Task<IResult> EvidenceAsync(
        long id, ClaimsPrincipal user, IDbContextFactory<PortalDb> databases, IArtifactStore artifacts, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var request = await db.EraseRequests.AsNoTracking().Include(r => r.CurrentRun).SingleOrDefaultAsync(r => r.Id == id, cancellationToken);
        if (request is null || !RequestAccess.MaySee(user, request) || request.CurrentRun?.EvidenceArtifact is not { } artifact)
            throw new NotFoundException($"There is no evidence for request {id}.");
        return Results.File(await artifacts.OpenAsync(artifact, cancellationToken), "application/json", $"request-{id}-evidence.json");
    }

    // The zip is complete on disk before its first byte is sent, so a refusal never comes in the middle of a file.
    private static async Task<IResult> PackAsync(long id, HttpContext context, ExportEvidence export, PortalSettings settings)
    {
        var file = CreatePack(settings.Data.Temporary);
        try
        {
            await export.ExecuteAsync(Actor.From(context.User), id, file, context.RequestAborted);
            file.Position = 0;
            return Results.File(file, "application/zip", $"request-{id}-evidence.zip");
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    /// <summary>Returns a new file that only its owner can read, since a pack holds its images unveiled; closing deletes it.</summary>
    internal static FileStream CreatePack(string folder)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 128 * 1024,
            Options = FileOptions.Asynchronous | FileOptions.DeleteOnClose,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(Path.Combine(folder, $"evidence-pack-{Guid.NewGuid():N}.zip"), options);
    }
}
