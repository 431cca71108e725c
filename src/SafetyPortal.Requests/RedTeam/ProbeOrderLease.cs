using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Requests.RedTeam;

/// <summary>Proof that a worker holds an order: every write names it.</summary>
public sealed record ProbeTicket(long OrderId, long Token, string Owner);

/// <summary>What a worker does to an order, under the same rules as <see cref="RunLease"/>: serialised writes, each only while its token is the order's.</summary>
public sealed class ProbeOrderLease(IDbContextFactory<PortalDb> databases, TimeProvider time)
{
    private static readonly Actor Worker = Actor.System("worker");

    /// <summary>Takes a queued order, or one whose lease ran out. Null when it ended or another worker holds it.</summary>
    public async Task<ProbeTicket?> ClaimAsync(long orderId, string owner, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(owner);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var write = await db.BeginWriteAsync(cancellationToken);
        var now = time.GetUtcNow();
        var order = await LoadAsync(db, orderId, cancellationToken);
        if (order.Status == RunStatus.Running && order.LeaseExpiresAt <= now)
            order.Recover();
        if (order.Status != RunStatus.Queued)
            return null;
        order.Claim(owner, RunLease.Duration, now);
        db.Record(Worker, "red-team.claimed", Subject(order), new { owner, token = order.Token });
        await write.CommitAsync(cancellationToken);
        return new ProbeTicket(order.Id, order.Token, owner);
    }

    /// <summary>Extends the lease and shows progress; true when a person asked to stop.</summary>
    /// <param name="probe">Code of the probe at work; null leaves what was shown last.</param>
    /// <exception cref="LeaseLostException">The ticket is no longer valid.</exception>
    public Task<bool> BeatAsync(ProbeTicket ticket, string? probe, long spent, long limit, CancellationToken cancellationToken) =>
        WriteAsync(ticket, (_, order, now) => order.Beat(probe, spent, limit, RunLease.Duration, now), cancellationToken);

    /// <summary>Ends the order with the artifact of its report.</summary>
    /// <inheritdoc cref="BeatAsync"/>
    public Task CompleteAsync(ProbeTicket ticket, string report, CancellationToken cancellationToken) => WriteAsync(
        ticket,
        (db, order, now) =>
        {
            order.Complete(report, now);
            db.Record(Worker, "red-team.completed", Subject(order), new { report, patchDigest = order.PatchDigest, probes = order.Probes });
        },
        cancellationToken);

    /// <summary>Ends the order with an error a person can read.</summary>
    /// <inheritdoc cref="BeatAsync"/>
    public Task FailAsync(ProbeTicket ticket, string error, CancellationToken cancellationToken) => WriteAsync(
        ticket,
        (db, order, now) =>
        {
            order.Fail(error, now);
            db.Record(Worker, "red-team.failed", Subject(order), new { error });
        },
        cancellationToken);

    /// <summary>Ends the order because a person asked to stop.</summary>
    /// <inheritdoc cref="BeatAsync"/>
    public Task CancelledAsync(ProbeTicket ticket, CancellationToken cancellationToken) => WriteAsync(
        ticket,
        (db, order, now) =>
        {
            order.Cancel(now);
            db.Record(Worker, "red-team.cancelled", Subject(order), new { probe = order.Probe });
        },
        cancellationToken);

    /// <summary>Puts orders whose worker is lost back into the queue and returns every queued order, the oldest first.</summary>
    /// <param name="ownerIsGone">Whether a process no longer exists on this machine; null knows of none.</param>
    public async Task<IReadOnlyList<long>> RecoverAsync(Predicate<string>? ownerIsGone, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var write = await db.BeginWriteAsync(cancellationToken);
        var now = time.GetUtcNow();
        foreach (var order in await db.ProbeOrders.Where(o => o.Status == RunStatus.Running).ToListAsync(cancellationToken))
        {
            if (order.LeaseExpiresAt > now && (order.LeaseOwner is not { } owner || ownerIsGone?.Invoke(owner) != true))
                continue;
            db.Record(Worker, "red-team.recovered", Subject(order), new { lostOwner = order.LeaseOwner });
            order.Recover();
        }
        await write.CommitAsync(cancellationToken);
        return await db.ProbeOrders.Where(o => o.Status == RunStatus.Queued).OrderBy(o => o.Id).Select(o => o.Id).ToListAsync(cancellationToken);
    }

    internal static string Subject(ProbeOrder order) => $"request/{order.RequestId}/red-team/{order.Id}";

    private async Task<bool> WriteAsync(ProbeTicket ticket, Action<PortalDb, ProbeOrder, DateTimeOffset> change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var write = await db.BeginWriteAsync(cancellationToken);
        var order = await LoadAsync(db, ticket.OrderId, cancellationToken);
        if (order.Token != ticket.Token || order.Status != RunStatus.Running)
        {
            throw new LeaseLostException(
                $"Red-team order {order.Id} is no longer held by {ticket.Owner}: the ticket has token {ticket.Token}, the order is {order.Status.ToString().ToLowerInvariant()} with token {order.Token}.");
        }
        change(db, order, time.GetUtcNow());
        await write.CommitAsync(cancellationToken);
        return order.CancelRequested;
    }

    private static async Task<ProbeOrder> LoadAsync(PortalDb db, long orderId, CancellationToken cancellationToken) =>
        await db.ProbeOrders.SingleOrDefaultAsync(o => o.Id == orderId, cancellationToken) ?? throw new NotFoundException($"There is no red-team order {orderId}.");
}
