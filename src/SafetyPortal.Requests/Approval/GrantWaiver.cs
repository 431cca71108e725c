using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Requests.Approval;

/// <summary>
/// Waives failed gates for the evidence of one run, with a reason. The approval rule must allow the person to decide at all
/// (they are asked as if they rejected), and it never lets them use their own waiver.
/// </summary>
public sealed class GrantWaiver(IDbContextFactory<PortalDb> databases, TimeProvider time)
{
    /// <exception cref="DecisionDeniedException">The person may not decide on this request.</exception>
    /// <exception cref="IllegalMoveException">The gates passed: there is nothing to waive.</exception>
    public async Task<Waiver> ExecuteAsync(Actor actor, long requestId, string evidenceDigest, string reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        if (reason is null || reason.Trim().Length is < 10 or > 2000)
            throw new InvalidRequestException([new(nameof(reason), "Say in 10 to 2,000 characters why the gates may be waived.")]);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var write = await db.BeginWriteAsync(cancellationToken);
        var now = time.GetUtcNow();
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        var entry = new DecisionEntry(DecisionKind.Reject, evidenceDigest, DecisionReason.Other);
        // A waiver is asked of a second person while the first works on the request, so a claim does not stand in its way.
        var verdict = ApprovalRule.Judge(await DecideRequest.InputAsync(db, actor, request, entry, now, cancellationToken) with { Claim = null });
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
            Reason = reason.Trim(),
            GrantedAt = now,
        };
        db.Waivers.Add(waiver);
        db.Record(actor, "waiver.granted", $"request/{requestId}", new { evidenceDigest, reason = waiver.Reason });
        await write.CommitAsync(cancellationToken);
        return waiver;
    }
}
