using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Requests.Releases;

/// <summary>Publishes the patch of an approved request. Approvers and administrators.</summary>
public sealed class ReleasePatch(IDbContextFactory<PortalDb> databases, IArtifactStore artifacts)
{
    /// <param name="alias">"production" or "staging" to move with the release; null moves none.</param>
    /// <exception cref="IllegalMoveException">The request is not approved.</exception>
    /// <exception cref="ArtifactException">The patch file is missing or damaged.</exception>
    public async Task<Release> ExecuteAsync(Actor actor, long requestId, string? alias, CancellationToken cancellationToken)
    {
        await using var write = await databases.BeginWriteAsync(actor, cancellationToken, Roles.Approver, Roles.Administrator);
        var (db, now) = write;
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        request.Release(now);
        var run = request.CurrentRun ?? throw new IllegalMoveException($"Request {requestId} has no run to release.");
        var model = await db.ModelVersions.SingleAsync(m => m.Id == request.ModelVersionId, cancellationToken);
        await artifacts.PathOfAsync(run.PatchDigest!, cancellationToken);

        await SupersedeAsync(db, actor, request, now, cancellationToken);
        var release = new Release
        {
            RequestId = request.Id,
            RunId = run.Id,
            ModelVersionId = request.ModelVersionId,
            BaseDigest = model.Digest,
            PatchDigest = run.PatchDigest!,
            ResultDigest = run.ResultDigest!,
            EvidenceDigest = run.EvidenceDigest!,
            Dose = run.ChosenDose!.Value,
            ReleasedById = actor.Id,
            ReleasedByName = actor.Name,
            ReleasedAt = now,
        };
        db.Releases.Add(release);
        db.Record(
            actor, "release.published", $"request/{request.Id}",
            new { release.BaseDigest, release.PatchDigest, release.ResultDigest, release.EvidenceDigest, release.Dose });
        if (alias is not null)
            await MoveAlias.ApplyAsync(db, actor, request.ModelVersionId, alias, release, "released", now, cancellationToken);
        await write.CommitAsync(cancellationToken);
        return release;
    }

    private static async Task SupersedeAsync(PortalDb db, Actor actor, EraseRequest request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var older = await db.Releases.Include(r => r.Request)
            .Where(r => r.Status == ReleaseStatus.Active && r.Request!.ModelVersionId == request.ModelVersionId
                && r.Request.ConceptKind == request.ConceptKind && r.Request.ConceptKey == request.ConceptKey)
            .ToListAsync(cancellationToken);
        foreach (var release in older)
        {
            release.Supersede(now);
            release.Request!.Supersede(now);
            db.Record(actor, "release.superseded", $"request/{release.RequestId}", new { release = release.Id, byRequest = request.Id });
        }
    }
}
