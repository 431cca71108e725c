using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Policies;

namespace SafetyPortal.Requests.Approval;

/// <summary>What the approver enters. <paramref name="EvidenceDigest"/> is the digest of the evidence on their screen.</summary>
public sealed record DecisionEntry(DecisionKind Kind, string EvidenceDigest, DecisionReason Reason = DecisionReason.None, string? Comment = null);

/// <summary>The approval rule said no. <see cref="Verdict"/> holds the stable code; the message is for the user.</summary>
public sealed class DecisionDeniedException(ApprovalVerdict verdict) : InvalidOperationException(verdict.Text)
{
    public ApprovalVerdict Verdict { get; } = verdict;
}

/// <summary>
/// Approve, reject or send back: the only way to a decision, for pages and command line alike. <see cref="ApprovalRule"/> judges each.
/// Denied attempts go into the history too.
/// </summary>
public sealed class DecideRequest(IDbContextFactory<PortalDb> databases)
{
    public const int MaxComment = 4000;

    /// <summary>Decides and returns the request.</summary>
    /// <exception cref="DecisionDeniedException">The rule denied it.</exception>
    public async Task<EraseRequest> ExecuteAsync(Actor actor, long requestId, DecisionEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        ArgumentNullException.ThrowIfNull(entry);
        if (entry.Comment?.Length > MaxComment)
            throw new InvalidRequestException([new(nameof(entry.Comment), $"The comment may have {MaxComment} characters, not {entry.Comment.Length}.")]);
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, now) = write;
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        var verdict = ApprovalRule.Judge(entry.Kind, entry.Reason, await InputAsync(db, actor, request, entry.EvidenceDigest, now, cancellationToken));
        if (!verdict.Allowed)
        {
            db.Record(actor, "decision.denied", $"request/{requestId}", new { kind = entry.Kind, verdict.Code });
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
        db.Record(actor, ActionOf(entry.Kind), $"request/{request.Id}", new
        {
            entry.EvidenceDigest,
            entry.Reason,
            commentDigest = entry.Comment is null ? null : PromptDigest.Of(request, entry.Comment),
            verdict.QuorumMet,
        });
        // The approver is done, so the next one of a quorum need not wait for the claim to lapse.
        if (await db.ReviewClaims.SingleOrDefaultAsync(c => c.RequestId == request.Id, cancellationToken) is { } claim)
            db.ReviewClaims.Remove(claim);
        await write.CommitAsync(cancellationToken);
        return request;
    }

    /// <summary>What the rule would say now, so that a page can explain itself beforehand. Changes nothing.</summary>
    public async Task<ApprovalVerdict> PreviewAsync(Actor actor, long requestId, DecisionEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        ArgumentNullException.ThrowIfNull(entry);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        return ApprovalRule.Judge(entry.Kind, entry.Reason, await InputAsync(db, actor, request, entry.EvidenceDigest, db.Now, cancellationToken));
    }

    /// <param name="seenDigest">The evidence the actor names.</param>
    internal static async Task<ApprovalInput> InputAsync(
        PortalDb db, Actor actor, EraseRequest request, string seenDigest, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var policy = await CurrentPolicy.GetAsync(db, cancellationToken);
        // A new run needs new decisions: those on an earlier run do not count, even when its evidence had the same digest.
        var decisions = await db.Decisions.Where(d => d.RequestId == request.Id && d.RunId == request.CurrentRunId && d.Kind == DecisionKind.Approve).ToListAsync(cancellationToken);
        var waivers = await db.Waivers.Where(w => w.RequestId == request.Id && w.RunId == request.CurrentRunId).ToListAsync(cancellationToken);
        var keys = await db.WorkerKeys.AsNoTracking().Where(k => k.WithdrawnAt == null).ToListAsync(cancellationToken);
        var claim = await ClaimReview.FindAsync(db, request.Id, now, cancellationToken);
        var run = request.CurrentRun;
        return new ApprovalInput(
            actor.Id, await db.RolesOfAsync(actor.Id, cancellationToken),
            request.RequesterId, run?.StartedById, request.Status, seenDigest, run?.EvidenceDigest,
            actor.SignedInAt, now, run?.GatesPassed, policy.Document.QuorumFor(request.ConceptKind),
            [.. decisions.Select(d => new PriorApproval(d.ApproverId, d.EvidenceDigest))],
            [.. waivers.Select(w => new PriorWaiver(w.GrantedById, w.EvidenceDigest, w.Reason))],
            SignedVerdict.Read(run?.Verdict),
            [.. keys.Select(k => new TrustedKey(k.Id, k.PublicPem))],
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

    private static string ActionOf(DecisionKind kind) => kind switch
    {
        DecisionKind.Approve => "decision.approved",
        DecisionKind.Reject => "decision.rejected",
        _ => "decision.changes-requested",
    };
}
