using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Releases;

/// <summary>Revokes a release and moves every alias that points to it back. Approvers and administrators.</summary>
public sealed class RevokeRelease(IDbContextFactory<PortalDb> databases)
{
    /// <exception cref="NotFoundException">There is no such release.</exception>
    /// <exception cref="IllegalMoveException">It was revoked already.</exception>
    public async Task<Release> ExecuteAsync(Actor actor, long releaseId, string reason, CancellationToken cancellationToken)
    {
        reason = WrittenText.DemandReason(reason, "why it is revoked", min: 3);
        await using var write = await databases.BeginWriteAsync(actor, cancellationToken, Roles.Approver, Roles.Administrator);
        var (db, now) = write;
        var release = await db.Releases.Include(r => r.Request).SingleOrDefaultAsync(r => r.Id == releaseId, cancellationToken)
            ?? throw new NotFoundException($"There is no release {releaseId}.");
        release.Revoke(reason, now);
        release.Request!.Revoke(reason, now);
        db.Record(actor, "release.revoked", $"request/{release.RequestId}", new { release = release.Id, reason });

        var releases = await db.Releases.Where(r => r.ModelVersionId == release.ModelVersionId).ToDictionaryAsync(r => r.Id, cancellationToken);
        var aliases = await db.ModelAliases.Include(a => a.Moves).Where(a => a.ReleaseId == releaseId).ToListAsync(cancellationToken);
        foreach (var alias in aliases)
        {
            alias.MoveBack(releases, actor.Name, $"release {releaseId} revoked", now);
            db.Record(
                actor, "alias.moved", $"model/{alias.ModelVersionId}/alias/{alias.Name}", new { from = releaseId, to = alias.ReleaseId, reason = "revoked" });
        }
        await write.CommitAsync(cancellationToken);
        return release;
    }
}
