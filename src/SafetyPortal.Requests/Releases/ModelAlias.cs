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

    /// <summary>Points the alias elsewhere and remembers where it came from. Only active releases can be targets; null is the unedited model.</summary>
    public void MoveTo(Release? target, string actorName, string reason, DateTimeOffset now)
    {
        if (target is { Status: not ReleaseStatus.Active })
            throw new IllegalMoveException($"Alias {Name} cannot move to release {target.Id}: it is {target.Status.ToString().ToLowerInvariant()}, and only active releases can be aliased.");
        if (target is not null && target.ModelVersionId != ModelVersionId)
            throw new IllegalMoveException($"Alias {Name} cannot move to release {target.Id}: that release edits another model.");
        Point(target, actorName, reason, now);
    }

    /// <summary>
    /// Leaves a revoked release for the newest earlier target that was not revoked: a superseded release is still an approved edit, and the unedited
    /// model counts if a person chose it. Without an earlier target it is the unedited model.
    /// </summary>
    /// <param name="releases">All releases of the model by id.</param>
    public void MoveBack(IReadOnlyDictionary<long, Release> releases, string actorName, string reason, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(releases);
        var target = Moves.OrderByDescending(move => move.Id).TakeWhile(move => move.FromReleaseId is not null)
            .Select(move => releases[move.FromReleaseId!.Value]).FirstOrDefault(earlier => earlier.Status != ReleaseStatus.Revoked);
        Point(target, actorName, reason, now);
    }

    private void Point(Release? target, string actorName, string reason, DateTimeOffset now)
    {
        Moves.Add(new AliasMove { FromReleaseId = ReleaseId, ToEvidenceDigest = target?.EvidenceDigest, MovedByName = actorName, Reason = reason, MovedAt = now });
        Release = target;
        ReleaseId = target is { Id: > 0 } ? target.Id : null;
    }
}

/// <summary>One move of an alias; the list is how a revoked release's alias finds its way back.</summary>
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
