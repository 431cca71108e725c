using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Evidence;

/// <summary>A worker's public key. Verdicts signed by it count until it is withdrawn.</summary>
public sealed class WorkerKey : IVersioned, IAudited
{
    /// <summary>SHA-256 of the public key, 64 hexadecimal digits.</summary>
    public required string Id { get; init; }

    public required string PublicPem { get; init; }

    /// <summary>The machine whose worker registered it.</summary>
    public string Name { get; init; } = "";

    public required DateTimeOffset RegisteredAt { get; init; }

    /// <summary>When an administrator withdrew it; null while it counts.</summary>
    public DateTimeOffset? WithdrawnAt { get; private set; }

    public string? WithdrawnReason { get; private set; }

    public long Version { get; set; }

    /// <summary>No later decision can rest on what it signed.</summary>
    public void Withdraw(string reason, DateTimeOffset now)
    {
        if (WithdrawnAt is not null)
            throw new IllegalMoveException($"The worker key {Id} was withdrawn already.");
        (WithdrawnAt, WithdrawnReason) = (now, reason);
    }

    /// <summary>Verdicts it signed count again.</summary>
    public void Restore()
    {
        if (WithdrawnAt is null)
            throw new IllegalMoveException($"The worker key {Id} is trusted already.");
        (WithdrawnAt, WithdrawnReason) = (null, null);
    }
}

/// <summary>Withdraws a worker's key, for example because its machine was lost, or restores it. Administrators only. Earlier decisions stay.</summary>
public sealed class TrustWorkerKey(IDbContextFactory<PortalDb> databases)
{
    /// <exception cref="NotFoundException">There is no such key.</exception>
    /// <exception cref="IllegalMoveException">It was withdrawn already.</exception>
    public Task<WorkerKey> WithdrawAsync(Actor actor, string keyId, string reason, CancellationToken cancellationToken) =>
        ChangeAsync(actor, keyId, reason, "why the key is withdrawn", "worker-key.withdrawn", (key, why, now) => key.Withdraw(why, now), cancellationToken);

    /// <exception cref="NotFoundException">There is no such key.</exception>
    /// <exception cref="IllegalMoveException">It is trusted already.</exception>
    public Task<WorkerKey> RestoreAsync(Actor actor, string keyId, string reason, CancellationToken cancellationToken) =>
        ChangeAsync(actor, keyId, reason, "why the key is trusted again", "worker-key.restored", (key, _, _) => key.Restore(), cancellationToken);

    private async Task<WorkerKey> ChangeAsync(
        Actor actor,
        string keyId,
        string reason,
        string what,
        string action,
        Action<WorkerKey, string, DateTimeOffset> change,
        CancellationToken cancellationToken)
    {
        reason = WrittenText.DemandReason(reason, what);
        await using var write = await databases.BeginWriteAsync(actor, cancellationToken, Roles.Administrator);
        var (db, now) = write;
        var key = await db.WorkerKeys.SingleOrDefaultAsync(known => known.Id == keyId, cancellationToken)
            ?? throw new NotFoundException($"There is no worker key {keyId}.");
        change(key, reason, now);
        db.Record(actor, action, $"worker-key/{keyId}", new { reason });
        await write.CommitAsync(cancellationToken);
        return key;
    }
}

/// <summary>A worker's key with its events.</summary>
/// <param name="Runs">Number of finished runs whose gates it signed.</param>
/// <param name="Events">Newest first.</param>
public sealed record WorkerKeyRow(WorkerKey Key, int Runs, IReadOnlyList<AuditEvent> Events);

/// <summary>Lists the keys of workers. Administrators and auditors.</summary>
public sealed class WorkerKeyQueries(IDbContextFactory<PortalDb> databases)
{
    /// <summary>Returns all keys, newest first.</summary>
    /// <exception cref="NotAllowedException">The viewer is neither.</exception>
    public async Task<IReadOnlyList<WorkerKeyRow>> ListAsync(Actor viewer, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.DemandRoleAsync(viewer, cancellationToken, Roles.Administrator, Roles.Auditor);
        var keys = await db.WorkerKeys.AsNoTracking().OrderByDescending(key => key.RegisteredAt).ToListAsync(cancellationToken);
        var rows = new List<WorkerKeyRow>();
        foreach (var key in keys)
        {
            // A verdict holds its statement as text; the 64 digits of the key's id occur in the verdicts it signed and in no other.
            var runs = await db.Runs.CountAsync(run => run.Verdict != null && run.Verdict.Contains(key.Id), cancellationToken);
            var subject = $"worker-key/{key.Id}";
            var events = await db.AuditEvents.AsNoTracking().Where(e => e.Subject == subject).OrderByDescending(e => e.Sequence).ToListAsync(cancellationToken);
            rows.Add(new(key, runs, events));
        }
        return rows;
    }
}
