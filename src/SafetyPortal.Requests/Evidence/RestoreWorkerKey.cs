using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Evidence;

/// <summary>Trusts a withdrawn worker's key again, for example when the doubt about its machine was unfounded. Administrators only.</summary>
public sealed class RestoreWorkerKey(IDbContextFactory<PortalDb> databases, TimeProvider time)
{
    /// <exception cref="NotFoundException">There is no such key.</exception>
    /// <exception cref="IllegalMoveException">It is trusted already.</exception>
    public async Task<WorkerKey> ExecuteAsync(Actor actor, string keyId, string reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        if (reason is null || reason.Trim().Length is < 10 or > 2000)
            throw new InvalidRequestException([new(nameof(reason), "Say in 10 to 2,000 characters why the key is trusted again.")]);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var write = await db.BeginWriteAsync(cancellationToken);
        await db.DemandRoleAsync(actor, time.GetUtcNow(), cancellationToken, Roles.Administrator);
        var key = await db.WorkerKeys.SingleOrDefaultAsync(known => known.Id == keyId, cancellationToken) ?? throw new NotFoundException($"There is no worker key {keyId}.");
        key.Restore();
        db.Record(actor, "worker-key.restored", $"worker-key/{keyId}", new { reason = reason.Trim() });
        await write.CommitAsync(cancellationToken);
        return key;
    }
}
