using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Policies;

namespace SafetyPortal.Requests.Approval;

/// <summary>What the approver enters. <paramref name="EvidenceDigest"/> is the digest of the evidence on their screen.</summary>
public sealed record DecisionEntry(DecisionKind Kind, string EvidenceDigest, DecisionReason Reason = DecisionReason.None, string? Comment = null);

/// <summary>The approval rule denied the decision or waiver. <see cref="Verdict"/> holds the stable code; the message is for the user.</summary>
public sealed class DecisionDeniedException(ApprovalVerdict verdict) : InvalidOperationException(verdict.Text)
{
    public ApprovalVerdict Verdict { get; } = verdict;
}

/// <summary>Approves, rejects or sends back, as far as <see cref="ApprovalRule"/> allows. The history records denied attempts too.</summary>
public sealed class DecideRequest(IDbContextFactory<PortalDb> databases)
{
    public const int MaxComment = 4000;

    /// <summary>Decides and returns the changed request.</summary>
    /// <exception cref="DecisionDeniedException">The rule denied it.</exception>
    public async Task<EraseRequest> ExecuteAsync(Actor actor, long requestId, DecisionEntry entry, CancellationToken cancellationToken)
    {
        if (entry.Comment is { } comment && !WrittenText.IsText(comment, 0, MaxComment))
        {
            throw new InvalidRequestException([new(
                nameof(entry.Comment), $"The comment may have {MaxComment:N0} characters, none of which reorders text; it has {comment.Length:N0}.")]);
        }
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, now) = write;
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        var verdict = ApprovalRule.Judge(entry.Kind, entry.Reason, await InputAsync(db, actor, request, entry.EvidenceDigest, now, cancellationToken));
        if (!verdict.Allowed)
        {
            db.Record(actor, "decision.denied", $"request/{requestId}", new { kind = entry.Kind.ToString(), verdict.Code });
            await write.CommitAsync(cancellationToken);
            throw new DecisionDeniedException(verdict);
        }

        Apply(request, entry, verdict, now);
        db.Decisions.Add(new Decision
        {
            RequestId = request.Id,
            RunId = request.CurrentRun!.Id,
            ApproverId = actor.Id,
            ApproverName = actor.Name,
            Kind = entry.Kind,
            Reason = entry.Reason,
            Comment = entry.Comment,
            EvidenceDigest = entry.EvidenceDigest,
            DecidedAt = now,
        });
        db.Record(actor, AuditActions.Of(entry.Kind), $"request/{request.Id}", new
        {
            entry.EvidenceDigest,
            entry.Reason,
            commentDigest = entry.Comment is null ? null : PromptDigest.Of(request, entry.Comment),
            verdict.QuorumMet,
        });
        // The next approver of a quorum need not wait for the claim to end.
        if (await db.ReviewClaims.SingleOrDefaultAsync(c => c.RequestId == request.Id, cancellationToken) is { } claim)
            db.ReviewClaims.Remove(claim);
        await write.CommitAsync(cancellationToken);
        return request;
    }

    /// <summary>Returns what the rule would say now. Changes nothing.</summary>
    public async Task<ApprovalVerdict> PreviewAsync(Actor actor, long requestId, DecisionEntry entry, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        return ApprovalRule.Judge(entry.Kind, entry.Reason, await InputAsync(db, actor, request, entry.EvidenceDigest, db.Now, cancellationToken));
    }

    internal static async Task<ApprovalInput> InputAsync(
        PortalDb db, Actor actor, EraseRequest request, string seenDigest, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var run = request.CurrentRun;
        var policy = await CurrentPolicy.GetAsync(db, cancellationToken);
        // Decisions on an earlier run do not count, even when its evidence has the same digest.
        var approvals = await db.Decisions.Where(d => d.RequestId == request.Id && d.RunId == request.CurrentRunId && d.Kind == DecisionKind.Approve)
            .Select(d => new PriorApproval(d.ApproverId, d.EvidenceDigest)).ToListAsync(cancellationToken);
        var waivers = await db.Waivers.Where(w => w.RequestId == request.Id && w.RunId == request.CurrentRunId)
            .Select(w => new PriorWaiver(w.GrantedById, w.EvidenceDigest, w.Reason)).ToListAsync(cancellationToken);
        var keys = await db.WorkerKeys.Where(k => k.WithdrawnAt == null).Select(k => new TrustedKey(k.Id, k.PublicPem)).ToListAsync(cancellationToken);
        var claim = await ClaimReview.FindAsync(db, request.Id, now, cancellationToken);
        return new ApprovalInput(
            actor.Id, await db.RolesOfAsync(actor.Id, cancellationToken),
            request.RequesterId, run?.StartedById, request.Status, seenDigest, run?.EvidenceDigest,
            actor.SignedInAt, now, run?.GatesPassed, policy.Document.QuorumFor(request.ConceptKind), approvals, waivers, SignedVerdict.Read(run?.Verdict), keys,
            claim is null ? null : new PriorClaim(claim.HolderId, claim.HolderName, claim.HoldReason is not null));
    }

    private static void Apply(EraseRequest request, DecisionEntry entry, ApprovalVerdict verdict, DateTimeOffset now)
    {
        var note = entry.Comment is { Length: > 0 } comment ? $"{entry.Reason}: {comment}" : entry.Reason.ToString();
        if (entry.Kind == DecisionKind.Reject)
            request.Reject(note, now);
        else if (entry.Kind == DecisionKind.RequestChanges)
            request.RequestChanges(note, now);
        else if (verdict.QuorumMet)
            request.Approve(now);
    }
}

/// <summary>Waives failed gates for the evidence of one run. <see cref="ApprovalRule"/> never lets a person use their own waiver.</summary>
public sealed class GrantWaiver(IDbContextFactory<PortalDb> databases)
{
    /// <exception cref="DecisionDeniedException">The person may not decide on this request.</exception>
    /// <exception cref="IllegalMoveException">The gates passed.</exception>
    public async Task<Waiver> ExecuteAsync(Actor actor, long requestId, string evidenceDigest, string reason, CancellationToken cancellationToken)
    {
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
