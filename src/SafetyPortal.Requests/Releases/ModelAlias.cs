using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Releases;

/// <summary>A name such as "production" that users of a model follow. It points to an active release, or to the unedited model.</summary>
public sealed class ModelAlias : IVersioned, IAudited
{
    public const string Production = "production";
    public const string Staging = "staging";

    public long Id { get; private set; }

    public required long ModelVersionId { get; init; }

    public required string Name { get; init; }

    /// <summary>The release it points to; null is the unedited model.</summary>
    public long? ReleaseId { get; private set; }

    public Release? Release { get; private set; }

    public List<AliasMove> Moves { get; private set; } = [];

    public long Version { get; set; }

    /// <summary>Points the alias to an active release, or with null to the unedited model.</summary>
    /// <exception cref="IllegalMoveException">The release is not active, or edits another model.</exception>
    public void MoveTo(Release? target, string actorName, string reason, DateTimeOffset now)
    {
        if (target is { Status: not ReleaseStatus.Active })
        {
            throw new IllegalMoveException(
                $"Alias {Name} cannot move to release {target.Id}: it is {target.Status.ToString().ToLowerInvariant()}; aliases move only to active releases.");
        }
        if (target is not null && target.ModelVersionId != ModelVersionId)
            throw new IllegalMoveException($"Alias {Name} cannot move to release {target.Id}: that release edits another model.");
        Point(target, actorName, reason, now);
    }

    /// <summary>
    /// Leaves a revoked release for the newest earlier target that was not revoked. A superseded release is still an approved edit, and the unedited
    /// model counts if a person chose it. Without an earlier target the alias points to the unedited model.
    /// </summary>
    /// <param name="releases">All releases of the model by id.</param>
    public void MoveBack(IReadOnlyDictionary<long, Release> releases, string actorName, string reason, DateTimeOffset now)
    {
        var target = Moves.OrderByDescending(move => move.Id).TakeWhile(move => move.FromReleaseId is not null)
            .Select(move => releases[move.FromReleaseId!.Value]).FirstOrDefault(earlier => earlier.Status != ReleaseStatus.Revoked);
        Point(target, actorName, reason, now);
    }

    private void Point(Release? target, string actorName, string reason, DateTimeOffset now)
    {
        Moves.Add(new AliasMove
        {
            FromReleaseId = ReleaseId,
            ToEvidenceDigest = target?.EvidenceDigest,
            MovedByName = actorName,
            Reason = reason,
            MovedAt = now,
        });
        Release = target;
        ReleaseId = target is { Id: > 0 } ? target.Id : null;
    }
}

/// <summary>One move of an alias. <see cref="ModelAlias.MoveBack"/> follows the moves.</summary>
public sealed class AliasMove : IAudited
{
    public long Id { get; private set; }

    public long AliasId { get; private set; }

    public required long? FromReleaseId { get; init; }

    /// <summary>Evidence digest of the release it moved to; null is the unedited model.</summary>
    public required string? ToEvidenceDigest { get; init; }

    public required string MovedByName { get; init; }

    public required string Reason { get; init; }

    public required DateTimeOffset MovedAt { get; init; }
}

/// <summary>Points "production" or "staging" to another active release, or to the unedited model. Approvers and administrators.</summary>
public sealed class MoveAlias(IDbContextFactory<PortalDb> databases)
{
    /// <param name="releaseId">The target; null is the unedited model.</param>
    /// <exception cref="IllegalMoveException">The release is not active, or edits another model.</exception>
    public async Task ExecuteAsync(Actor actor, long modelVersionId, string alias, long? releaseId, string reason, CancellationToken cancellationToken)
    {
        reason = WrittenText.DemandReason(reason, "why the alias moves", min: 3);
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
        var alias = await db.ModelAliases.Include(a => a.Moves)
            .SingleOrDefaultAsync(a => a.ModelVersionId == modelVersionId && a.Name == name, cancellationToken);
        if (alias is null)
        {
            if (!await db.ModelVersions.AnyAsync(m => m.Id == modelVersionId, cancellationToken))
                throw new NotFoundException($"There is no model {modelVersionId}.");
            alias = new ModelAlias { ModelVersionId = modelVersionId, Name = name };
            db.ModelAliases.Add(alias);
        }
        var from = alias.ReleaseId;
        alias.MoveTo(target, actor.Name, reason, now);
        // A new release has no id before the save, so the event names its evidence.
        db.Record(actor, "alias.moved", $"model/{modelVersionId}/alias/{name}", new { from, toEvidence = target?.EvidenceDigest, reason });
    }
}
