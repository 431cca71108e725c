using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Requests.Approval;

/// <summary>
/// An approver's mark that they review a request, so that two do not review it at once. The history records each change but the renewals by an
/// open page.
/// </summary>
public sealed class ReviewClaim : IVersioned
{
    /// <summary>How long a claim lasts without a renewal.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromMinutes(10);

    /// <summary>How long a request may be on hold.</summary>
    public static readonly TimeSpan HoldDuration = TimeSpan.FromHours(24);

    public long RequestId { get; init; }

    public string HolderId { get; private set; } = "";

    public string HolderName { get; private set; } = "";

    public DateTimeOffset ExpiresAt { get; private set; }

    /// <summary>Why the request is on hold; null while the holder reviews it.</summary>
    public string? HoldReason { get; private set; }

    public long Version { get; set; }

    public bool IsActive(DateTimeOffset now) => ExpiresAt > now;

    /// <summary>Returns whether another person reviews the request. One on hold may be taken over.</summary>
    public bool KeepsOut(string personId, DateTimeOffset now) =>
        IsActive(now) && HoldReason is null && HolderId != personId;

    internal void Give(string holderId, string holderName, DateTimeOffset now) =>
        (HolderId, HolderName, HoldReason, ExpiresAt) = (holderId, holderName, null, now + Duration);

    internal void Renew(DateTimeOffset now) => ExpiresAt = now + Duration;

    internal void Hold(string reason, DateTimeOffset now) => (HoldReason, ExpiresAt) = (reason, now + HoldDuration);
}

/// <summary>An approver who may decide on a request.</summary>
public sealed record ReviewCandidate(string Id, string Name);

/// <summary>Takes a request for review, keeps it, hands it over, puts it on hold, gives it back. Only for approvers who may decide on it.</summary>
public sealed class ClaimReview(IDbContextFactory<PortalDb> databases)
{
    /// <summary>Returns the claim in force, or null.</summary>
    public async Task<ReviewClaim?> FindAsync(long requestId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await FindAsync(db, requestId, db.Now, cancellationToken);
    }

    /// <summary>Returns all claims in force, by request.</summary>
    public async Task<IReadOnlyDictionary<long, ReviewClaim>> ListAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = db.Now;
        return await db.ReviewClaims.AsNoTracking().Where(c => c.ExpiresAt > now).ToDictionaryAsync(c => c.RequestId, cancellationToken);
    }

    /// <summary>Takes the request for ten minutes, and ends a hold.</summary>
    /// <exception cref="NotAllowedException">The actor may not decide on it.</exception>
    /// <exception cref="IllegalMoveException">Another approver reviews it, or it awaits no decision.</exception>
    public Task<ReviewClaim> TakeAsync(Actor actor, long requestId, CancellationToken cancellationToken) =>
        WriteAsync(actor, requestId, "review.claimed", (claim, _, now) =>
        {
            if (claim.KeepsOut(actor.Id, now))
                throw new IllegalMoveException($"{claim.HolderName} reviews request {requestId} until {claim.ExpiresAt:HH:mm} UTC; ask them to hand it over.");
            claim.Give(actor.Id, actor.Name, now);
            return new { until = claim.ExpiresAt };
        }, cancellationToken);

    /// <summary>Extends the actor's own claim. Returns false when they have none or put the request on hold.</summary>
    public async Task<bool> RenewAsync(Actor actor, long requestId, CancellationToken cancellationToken)
    {
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, now) = write;
        var claim = await db.ReviewClaims.SingleOrDefaultAsync(c => c.RequestId == requestId, cancellationToken);
        if (!IsHolder(claim, actor, now) || claim.HoldReason is not null)
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
            var to = candidates.FirstOrDefault(c => c.Id == toId && c.Id != actor.Id)
                ?? throw new NotAllowedException("You can hand a request over only to another approver who neither filed it nor started its run.");
            claim.Give(to.Id, to.Name, now);
            return new { toId = to.Id, toName = to.Name };
        }, cancellationToken);

    /// <summary>Puts the request on hold for a day. Another approver may take it over.</summary>
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

    /// <summary>Ends the actor's claim.</summary>
    /// <exception cref="IllegalMoveException">They have none.</exception>
    public async Task GiveBackAsync(Actor actor, long requestId, CancellationToken cancellationToken)
    {
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, now) = write;
        var claim = await db.ReviewClaims.SingleOrDefaultAsync(c => c.RequestId == requestId, cancellationToken);
        DemandHolder(claim, actor, now);
        db.ReviewClaims.Remove(claim);
        db.Record(actor, "review.given-back", $"request/{requestId}", null);
        await write.CommitAsync(cancellationToken);
    }

    /// <summary>Returns the approvers who may decide on a request, by name.</summary>
    public async Task<IReadOnlyList<ReviewCandidate>> CandidatesAsync(long requestId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await CandidatesAsync(db, await db.LoadRequestAsync(requestId, cancellationToken), db.Now, cancellationToken);
    }

    internal static async Task<ReviewClaim?> FindAsync(PortalDb db, long requestId, DateTimeOffset now, CancellationToken cancellationToken) =>
        await db.ReviewClaims.AsNoTracking().SingleOrDefaultAsync(c => c.RequestId == requestId && c.ExpiresAt > now, cancellationToken);

    private async Task<ReviewClaim> WriteAsync(
        Actor actor,
        long requestId,
        string action,
        Func<ReviewClaim, IReadOnlyList<ReviewCandidate>, DateTimeOffset, object> change,
        CancellationToken cancellationToken)
    {
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, now) = write;
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        if (request.Status != RequestStatus.AwaitingDecision)
            throw new IllegalMoveException($"Request {requestId} is {request.Status.Describe()}; approvers review only requests that await a decision.");
        var candidates = await CandidatesAsync(db, request, now, cancellationToken);
        if (!candidates.Any(c => c.Id == actor.Id))
            throw new NotAllowedException("Only an approver who neither filed the request nor started its run reviews it.");
        var claim = await db.ReviewClaims.SingleOrDefaultAsync(c => c.RequestId == requestId, cancellationToken);
        if (claim is null)
            db.ReviewClaims.Add(claim = new ReviewClaim { RequestId = requestId });
        db.Record(actor, action, $"request/{requestId}", change(claim, candidates, now));
        await write.CommitAsync(cancellationToken);
        return claim;
    }

    private static bool IsHolder([NotNullWhen(true)] ReviewClaim? claim, Actor actor, DateTimeOffset now) =>
        claim is not null && claim.IsActive(now) && claim.HolderId == actor.Id;

    private static void DemandHolder([NotNull] ReviewClaim? claim, Actor actor, DateTimeOffset now)
    {
        if (!IsHolder(claim, actor, now))
            throw new IllegalMoveException("You have no claim on this request, or it has ended; claim it first.");
    }

    private static async Task<IReadOnlyList<ReviewCandidate>> CandidatesAsync(
        PortalDb db, EraseRequest request, DateTimeOffset now, CancellationToken cancellationToken)
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
