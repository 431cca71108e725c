using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Requests.Approval;

/// <summary>A person a claim can be handed to.</summary>
public sealed record ReviewCandidate(string Id, string Name);

/// <summary>Takes a request for review, keeps it, hands it over, puts it on hold, gives it back. Approvers who may decide on it only.</summary>
public sealed class ClaimReview(IDbContextFactory<PortalDb> databases)
{
    /// <summary>The claim in force; null when there is none.</summary>
    public async Task<ReviewClaim?> FindAsync(long requestId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await FindAsync(db, requestId, db.Now, cancellationToken);
    }

    /// <summary>All claims in force, by request.</summary>
    public async Task<IReadOnlyDictionary<long, ReviewClaim>> ListAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = db.Now;
        return await db.ReviewClaims.AsNoTracking().Where(c => c.ExpiresAt > now).ToDictionaryAsync(c => c.RequestId, cancellationToken);
    }

    /// <summary>Takes it for ten minutes; also resumes what is on hold.</summary>
    /// <exception cref="NotAllowedException">The actor may not decide on it.</exception>
    /// <exception cref="IllegalMoveException">Someone else works on it, or it awaits no decision.</exception>
    public Task<ReviewClaim> TakeAsync(Actor actor, long requestId, CancellationToken cancellationToken) =>
        WriteAsync(actor, requestId, "review.claimed", (claim, _, now) =>
        {
            if (claim.KeepsOut(actor.Id, now))
                throw new IllegalMoveException($"{claim.HolderName} works on request {requestId} until {claim.ExpiresAt:HH:mm} UTC; ask for it to be handed over.");
            claim.Give(actor.Id, actor.Name, now);
            return new { until = claim.ExpiresAt };
        }, cancellationToken);

    /// <summary>Extends the actor's own claim while they are at it; false when they have none (any more).</summary>
    public async Task<bool> RenewAsync(Actor actor, long requestId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, now) = write;
        var claim = await db.ReviewClaims.SingleOrDefaultAsync(c => c.RequestId == requestId, cancellationToken);
        if (claim is null || !claim.IsActive(now) || claim.HoldReason is not null || !string.Equals(claim.HolderId, actor.Id, StringComparison.Ordinal))
            return false;
        claim.Renew(now);
        await write.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Passes the actor's claim to another approver who may decide on the request.</summary>
    /// <inheritdoc cref="TakeAsync"/>
    public Task<ReviewClaim> HandOverAsync(Actor actor, long requestId, string toId, CancellationToken cancellationToken) =>
        WriteAsync(actor, requestId, "review.handed-over", (claim, candidates, now) =>
        {
            DemandHolder(claim, actor, now);
            var to = candidates.FirstOrDefault(c => string.Equals(c.Id, toId, StringComparison.Ordinal) && !string.Equals(c.Id, actor.Id, StringComparison.Ordinal))
                ?? throw new NotAllowedException("A request can be handed over only to another approver who neither filed it nor started its run.");
            claim.Give(to.Id, to.Name, now);
            return new { toId = to.Id, toName = to.Name };
        }, cancellationToken);

    /// <summary>Keeps the request for a day with a reason; another approver may take it over meanwhile.</summary>
    /// <inheritdoc cref="TakeAsync"/>
    public Task<ReviewClaim> HoldAsync(Actor actor, long requestId, string reason, CancellationToken cancellationToken)
    {
        reason = WrittenText.DemandReason(reason, "what the request waits for", min: 5, max: 500);
        return WriteAsync(actor, requestId, "review.held", (claim, _, now) =>
        {
            DemandHolder(claim, actor, now);
            claim.Hold(reason, now);
            return new { reason = claim.HoldReason, until = claim.ExpiresAt };
        }, cancellationToken);
    }

    /// <summary>Gives the actor's claim back.</summary>
    /// <exception cref="IllegalMoveException">They have none.</exception>
    public async Task GiveBackAsync(Actor actor, long requestId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var write = await db.BeginWriteAsync(cancellationToken);
        var claim = await db.ReviewClaims.SingleOrDefaultAsync(c => c.RequestId == requestId, cancellationToken) ?? new ReviewClaim { RequestId = requestId };
        DemandHolder(claim, actor, db.Now);
        db.ReviewClaims.Remove(claim);
        db.Record(actor, "review.given-back", $"request/{requestId}", null);
        await write.CommitAsync(cancellationToken);
    }

    /// <summary>The approvers who may decide on a request, by name.</summary>
    public async Task<IReadOnlyList<ReviewCandidate>> CandidatesAsync(long requestId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await CandidatesAsync(db, await db.LoadRequestAsync(requestId, cancellationToken), db.Now, cancellationToken);
    }

    internal static async Task<ReviewClaim?> FindAsync(PortalDb db, long requestId, DateTimeOffset now, CancellationToken cancellationToken) =>
        await db.ReviewClaims.AsNoTracking().SingleOrDefaultAsync(c => c.RequestId == requestId && c.ExpiresAt > now, cancellationToken);

    private async Task<ReviewClaim> WriteAsync(
        Actor actor, long requestId, string action, Func<ReviewClaim, IReadOnlyList<ReviewCandidate>, DateTimeOffset, object> change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, now) = write;
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        if (request.Status != RequestStatus.AwaitingDecision)
            throw new IllegalMoveException($"Request {requestId} is {request.Status.Describe()}; only what awaits a decision can be reviewed.");
        var candidates = await CandidatesAsync(db, request, now, cancellationToken);
        if (!candidates.Any(c => string.Equals(c.Id, actor.Id, StringComparison.Ordinal)))
            throw new NotAllowedException("Only an approver who neither filed the request nor started its run reviews it.");
        var claim = await db.ReviewClaims.SingleOrDefaultAsync(c => c.RequestId == requestId, cancellationToken);
        if (claim is null)
            db.ReviewClaims.Add(claim = new ReviewClaim { RequestId = requestId });
        db.Record(actor, action, $"request/{requestId}", change(claim, candidates, now));
        await write.CommitAsync(cancellationToken);
        return claim;
    }

    private static void DemandHolder(ReviewClaim claim, Actor actor, DateTimeOffset now)
    {
        if (!claim.IsActive(now) || !string.Equals(claim.HolderId, actor.Id, StringComparison.Ordinal))
            throw new IllegalMoveException($"You do not hold request {claim.RequestId} (any more); claim it first.");
    }

    private static async Task<IReadOnlyList<ReviewCandidate>> CandidatesAsync(PortalDb db, EraseRequest request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var starter = request.CurrentRun?.StartedById;
        return await (from user in db.Users
                      join link in db.UserRoles on user.Id equals link.UserId
                      join role in db.Roles on link.RoleId equals role.Id
                      where role.Name == Roles.Approver && user.Id != request.RequesterId && user.Id != starter && !(user.LockoutEnd > now)
                      orderby user.UserName
                      select new ReviewCandidate(user.Id, user.UserName!)).AsNoTracking().ToListAsync(cancellationToken);
    }
}
