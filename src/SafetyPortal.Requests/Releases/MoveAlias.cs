using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Releases;

/// <summary>Points "production" or "staging" to another active release, or to the unedited model. Approvers and administrators.</summary>
public sealed class MoveAlias(IDbContextFactory<PortalDb> databases)
{
    /// <param name="releaseId">The target; null is the unedited model.</param>
    /// <exception cref="IllegalMoveException">The release is not active, or edits another model.</exception>
    public async Task ExecuteAsync(Actor actor, long modelVersionId, string alias, long? releaseId, string reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        if (string.IsNullOrWhiteSpace(reason))
            throw new InvalidRequestException([new(nameof(reason), "Say why the alias moves.")]);
        await using var write = await databases.BeginWriteAsync(actor, cancellationToken, Roles.Approver, Roles.Administrator);
        var (db, now) = write;
        var target = releaseId is null ? null : await db.Releases.SingleOrDefaultAsync(r => r.Id == releaseId, cancellationToken)
            ?? throw new NotFoundException($"There is no release {releaseId}.");
        await ApplyAsync(db, actor, modelVersionId, alias, target, reason, now, cancellationToken);
        await write.CommitAsync(cancellationToken);
    }

    internal static async Task ApplyAsync(
        PortalDb db, Actor actor, long modelVersionId, string name, Release? target, string reason, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (name is not (ModelAlias.Production or ModelAlias.Staging))
            throw new InvalidRequestException([new(nameof(name), $"The alias must be {ModelAlias.Production} or {ModelAlias.Staging}, not \"{name}\".")]);
        var alias = await db.ModelAliases.Include(a => a.Moves).SingleOrDefaultAsync(a => a.ModelVersionId == modelVersionId && a.Name == name, cancellationToken);
        if (alias is null)
        {
            if (!await db.ModelVersions.AnyAsync(m => m.Id == modelVersionId, cancellationToken))
                throw new NotFoundException($"There is no model {modelVersionId}.");
            alias = new ModelAlias { ModelVersionId = modelVersionId, Name = name };
            db.ModelAliases.Add(alias);
        }
        var from = alias.ReleaseId;
        alias.MoveTo(target, actor.Name, reason, now);
        // The release may be new and without an id until the save; its evidence names it as well.
        db.Record(actor, "alias.moved", $"model/{modelVersionId}/alias/{name}", new { from, toEvidence = target?.EvidenceDigest, reason });
    }
}
