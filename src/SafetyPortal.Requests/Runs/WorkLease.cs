using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Runs;

/// <summary>A worker's proof that it holds a run or a red-team order. Every write names it.</summary>
public sealed record LeaseTicket(long Id, long Token, string Owner);

/// <summary>The ticket is no longer valid: another worker took the work over, or it ended. The worker stops and writes nothing more.</summary>
public sealed class LeaseLostException(string message) : InvalidOperationException(message);

/// <summary>
/// What a worker does to queued work, as state transitions. Each write is one serialised transaction, and throws unless the ticket has the work's
/// token. So two workers may start on the same work.
/// </summary>
public abstract class WorkLease<T>(IDbContextFactory<PortalDb> databases)
    where T : QueuedWork
{
    private protected static readonly Actor Worker = Actor.System("worker");

    /// <summary>Takes queued work, or work whose lease ran out. Returns null when it ended or another worker holds it.</summary>
    public async Task<LeaseTicket?> ClaimAsync(long id, string owner, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(owner);
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, now) = write;
        var work = await FindAsync(db, id, cancellationToken);
        if (work.Status == RunStatus.Running && work.LeaseExpiresAt <= now)
            work.Recover();
        if (work.Status != RunStatus.Queued)
            return null;
        work.Claim(owner, now);
        db.Record(Worker, $"{work.Kind}.claimed", work.Subject, new { owner, token = work.Token, at = work.Position });
        await write.CommitAsync(cancellationToken);
        return new(work.Id, work.Token, owner);
    }

    /// <summary>Extends the lease. Returns whether the worker must stop, because a person cancelled.</summary>
    /// <exception cref="LeaseLostException">The ticket is no longer valid.</exception>
    public Task<bool> RenewAsync(LeaseTicket ticket, CancellationToken cancellationToken) => WriteAsync(ticket, (_, _, _) => { }, cancellationToken);

    /// <summary>Ends the work with an error that a person can read.</summary>
    /// <inheritdoc cref="RenewAsync"/>
    public Task FailAsync(LeaseTicket ticket, string error, CancellationToken cancellationToken) => WriteAsync(
        ticket,
        (db, work, now) =>
        {
            work.Fail(error, now);
            db.Record(Worker, $"{work.Kind}.failed", work.Subject, new { error });
        },
        cancellationToken);

    /// <summary>Ends the work because a person cancelled. What the worker stored stays.</summary>
    /// <inheritdoc cref="RenewAsync"/>
    public Task CancelledAsync(LeaseTicket ticket, CancellationToken cancellationToken) => WriteAsync(ticket, Cancel, cancellationToken);

    /// <summary>
    /// Puts work whose worker is lost back into the queue and returns all queued work, the most urgent first. A worker is lost when its lease ran out or
    /// <paramref name="ownerIsGone"/> returns true for it; null knows of no process that ended.
    /// </summary>
    public async Task<IReadOnlyList<long>> RecoverAsync(Predicate<string>? ownerIsGone, CancellationToken cancellationToken)
    {
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, now) = write;
        foreach (var work in await db.Set<T>().Where(work => work.Status == RunStatus.Running).ToListAsync(cancellationToken))
        {
            if (work.LeaseExpiresAt > now && (work.LeaseOwner is not { } owner || ownerIsGone?.Invoke(owner) != true))
                continue;
            db.Record(Worker, $"{work.Kind}.recovered", work.Subject, new { lostOwner = work.LeaseOwner, at = work.Position });
            work.Recover();
        }
        await write.CommitAsync(cancellationToken);
        return await InOrder(db.Set<T>().Where(work => work.Status == RunStatus.Queued)).Select(work => work.Id).ToListAsync(cancellationToken);
    }

    /// <summary>Completes the work. If a person cancelled before, ends it as cancelled and returns true.</summary>
    /// <param name="complete">Ends the work and returns the payload of its event.</param>
    private protected Task<bool> CompleteAsync(LeaseTicket ticket, Func<T, DateTimeOffset, object> complete, CancellationToken cancellationToken) => WriteAsync(
        ticket,
        (db, work, now) =>
        {
            if (work.CancelRequested)
                Cancel(db, work, now);
            else
                db.Record(Worker, $"{work.Kind}.completed", work.Subject, complete(work, now));
        },
        cancellationToken);

    /// <summary>Extends the lease, then changes the work. Returns whether the worker must stop.</summary>
    private protected async Task<bool> WriteAsync(LeaseTicket ticket, Action<PortalDb, T, DateTimeOffset> change, CancellationToken cancellationToken)
    {
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, now) = write;
        var work = await FindAsync(db, ticket.Id, cancellationToken);
        if (work.Token != ticket.Token || work.Status != RunStatus.Running)
        {
            throw new LeaseLostException(
                $"{ticket.Owner} no longer holds {work}: the ticket has token {ticket.Token}, "
                + $"the work is {work.Status.ToString().ToLowerInvariant()} with token {work.Token}.");
        }
        work.Renew(now);
        change(db, work, now);
        await write.CommitAsync(cancellationToken);
        return work.CancelRequested;
    }

    /// <summary>Includes the rows that a transition changes.</summary>
    private protected abstract IQueryable<T> Whole(IQueryable<T> works);

    /// <summary>The most urgent first.</summary>
    private protected abstract IQueryable<T> InOrder(IQueryable<T> queued);

    private static void Cancel(PortalDb db, T work, DateTimeOffset now)
    {
        work.Cancel(now);
        db.Record(Worker, $"{work.Kind}.cancelled", work.Subject, new { at = work.Position });
    }

    private async Task<T> FindAsync(PortalDb db, long id, CancellationToken cancellationToken) =>
        await Whole(db.Set<T>()).SingleOrDefaultAsync(work => work.Id == id, cancellationToken)
        ?? throw new NotFoundException($"There is no {typeof(T).Name} {id}.");
}
