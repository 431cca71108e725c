using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Requests.Approval;

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
