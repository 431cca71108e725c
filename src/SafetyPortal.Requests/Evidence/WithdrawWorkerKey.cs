using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Evidence;

/// <summary>Takes the trust from a worker's key, for example when its machine was lost. Administrators only; decisions made before stay.</summary>
public sealed class WithdrawWorkerKey(IDbContextFactory<PortalDb> databases, TimeProvider time)
{
    /// <exception cref="NotFoundException">There is no such key.</exception>
    /// <exception cref="IllegalMoveException">It was withdrawn already.</exception>
    public async Task<WorkerKey> ExecuteAsync(Actor actor, string keyId, string reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        if (reason is null || reason.Trim().Length is < 10 or > 2000)
            throw new InvalidRequestException([new(nameof(reason), "Say in 10 to 2,000 characters why the key is withdrawn.")]);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var write = await db.BeginWriteAsync(cancellationToken);
        var now = time.GetUtcNow();
        await db.DemandRoleAsync(actor, now, cancellationToken, Roles.Administrator);
        var key = await db.WorkerKeys.SingleOrDefaultAsync(known => known.Id == keyId, cancellationToken) ?? throw new NotFoundException($"There is no worker key {keyId}.");
        key.Withdraw(reason.Trim(), now);
        db.Record(actor, "worker-key.withdrawn", $"worker-key/{keyId}", new { reason = key.WithdrawnReason });
        await write.CommitAsync(cancellationToken);
        return key;
    }
}
