using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Models;

namespace SafetyPortal.Requests.Releases;

/// <summary>Whether a release is in force.</summary>
public enum ReleaseStatus
{
    /// <summary>In force; aliases may point to it. Exits: <see cref="Superseded"/>, <see cref="Revoked"/>.</summary>
    Active = 0,

    /// <summary>A later release for the same model and concept took over. No alias moves to it; one may have stayed. Exit: <see cref="Revoked"/>.</summary>
    Superseded = 1,

    /// <summary>An approver or administrator revoked it with a reason. No exit.</summary>
    Revoked = 2,
}

/// <summary>A published patch: base + patch = result, each named by digest, with the evidence of the decision.</summary>
public sealed class Release : IVersioned, IAudited
{
    public long Id { get; private set; }

    public required long RequestId { get; init; }

    public EraseRequest? Request { get; private set; }

    public required long RunId { get; init; }

    public required long ModelVersionId { get; init; }

    public ModelVersion? ModelVersion { get; private set; }

    public required string BaseDigest { get; init; }

    /// <summary>Artifact digest of the patch file.</summary>
    public required string PatchDigest { get; init; }

    public required string ResultDigest { get; init; }

    public required string EvidenceDigest { get; init; }

    public required double Dose { get; init; }

    public required string ReleasedById { get; init; }

    public required string ReleasedByName { get; init; }

    public required DateTimeOffset ReleasedAt { get; init; }

    public ReleaseStatus Status { get; private set; }

    /// <summary>Why it was revoked; null otherwise.</summary>
    public string? RevokeReason { get; private set; }

    public DateTimeOffset? EndedAt { get; private set; }

    public long Version { get; set; }

    /// <summary>Active -> Superseded.</summary>
    public void Supersede(DateTimeOffset now) => End("superseded", ReleaseStatus.Superseded, now, ReleaseStatus.Active);

    /// <summary>Active or Superseded -> Revoked.</summary>
    public void Revoke(string reason, DateTimeOffset now)
    {
        End("revoked", ReleaseStatus.Revoked, now, ReleaseStatus.Active, ReleaseStatus.Superseded);
        RevokeReason = reason;
    }

    private void End(string verb, ReleaseStatus target, DateTimeOffset now, params ReadOnlySpan<ReleaseStatus> from)
    {
        IllegalMoveException.ThrowUnless($"Release {Id}", verb, Status, from);
        (Status, EndedAt) = (target, now);
    }
}
