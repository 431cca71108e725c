using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Requests.Approval;

/// <summary>What an approver does with the evidence.</summary>
public enum DecisionKind
{
    Approve = 0,
    Reject = 1,
    RequestChanges = 2,
}

/// <summary>Why a request is refused or sent back; a free comment may add to it.</summary>
public enum DecisionReason
{
    /// <summary>Only for approvals.</summary>
    None = 0,
    ConceptStillVisible = 1,
    OtherConceptsDamaged = 2,
    QualityTooLow = 3,
    EvidenceInsufficient = 4,
    OutOfPolicy = 5,
    NotJustified = 6,
    Other = 7,
}

/// <summary>One approver's decision on the evidence of one run. Never changed; a new run makes it void, even when it ends with the same evidence.</summary>
public sealed class Decision : IAudited
{
    public long Id { get; private set; }

    public required long RequestId { get; init; }

    public required long RunId { get; init; }

    public required string ApproverId { get; init; }

    public required string ApproverName { get; init; }

    public required DecisionKind Kind { get; init; }

    public required DecisionReason Reason { get; init; }

    public string? Comment { get; init; }

    /// <summary>The evidence the approver saw.</summary>
    public required string EvidenceDigest { get; init; }

    public required DateTimeOffset DecidedAt { get; init; }
}

/// <summary>An approver's written reason why failed gates may be passed for the evidence of one run; it takes another approver to use it.</summary>
public sealed class Waiver : IAudited
{
    public long Id { get; private set; }

    public required long RequestId { get; init; }

    public required long RunId { get; init; }

    public required string EvidenceDigest { get; init; }

    public required string GrantedById { get; init; }

    public required string GrantedByName { get; init; }

    public required string Reason { get; init; }

    public required DateTimeOffset GrantedAt { get; init; }
}

/// <summary>Waives failed gates for the evidence of one run, with a reason. <see cref="ApprovalRule"/> never lets a person use their own waiver.</summary>
public sealed class GrantWaiver(IDbContextFactory<PortalDb> databases)
{
    /// <exception cref="DecisionDeniedException">The person may not decide on this request.</exception>
    /// <exception cref="IllegalMoveException">The gates passed: there is nothing to waive.</exception>
    public async Task<Waiver> ExecuteAsync(Actor actor, long requestId, string evidenceDigest, string reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        reason = WrittenText.DemandReason(reason, "why the gates may be waived");
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, now) = write;
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        var verdict = ApprovalRule.JudgeWaiver(await DecideRequest.InputAsync(db, actor, request, evidenceDigest, now, cancellationToken));
        if (!verdict.Allowed)
        {
            db.Record(actor, "waiver.denied", $"request/{requestId}", new { verdict.Code });
            await write.CommitAsync(cancellationToken);
            throw new DecisionDeniedException(verdict);
        }
        if (request.CurrentRun!.GatesPassed == true)
            throw new IllegalMoveException($"The gates of request {requestId} passed; there is nothing to waive.");

        var waiver = new Waiver
        {
            RequestId = requestId,
            RunId = request.CurrentRun.Id,
            EvidenceDigest = evidenceDigest,
            GrantedById = actor.Id,
            GrantedByName = actor.Name,
            Reason = reason,
            GrantedAt = now,
        };
        db.Waivers.Add(waiver);
        db.Record(actor, "waiver.granted", $"request/{requestId}", new { evidenceDigest, reason });
        await write.CommitAsync(cancellationToken);
        return waiver;
    }
}
