using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Evidence;

/// <summary>A worker's key with what it signed and what was done about it.</summary>
/// <param name="Runs">Finished runs whose gates it signed.</param>
/// <param name="Events">What happened to it, newest first.</param>
public sealed record WorkerKeyRow(WorkerKey Key, int Runs, IReadOnlyList<AuditEvent> Events);

/// <summary>Lists the keys of workers. Administrators and auditors.</summary>
public sealed class WorkerKeyQueries(IDbContextFactory<PortalDb> databases, TimeProvider time)
{
    /// <summary>Newest first.</summary>
    /// <exception cref="NotAllowedException">The viewer is neither.</exception>
    public async Task<IReadOnlyList<WorkerKeyRow>> ListAsync(Actor viewer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(viewer);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.DemandRoleAsync(viewer, time.GetUtcNow(), cancellationToken, Roles.Administrator, Roles.Auditor);
        var keys = await db.WorkerKeys.AsNoTracking().OrderByDescending(key => key.RegisteredAt).ToListAsync(cancellationToken);
        var events = (await db.AuditEvents.AsNoTracking().Where(e => e.Subject.StartsWith("worker-key/")).OrderByDescending(e => e.Sequence).ToListAsync(cancellationToken))
            .ToLookup(e => e.Subject["worker-key/".Length..], StringComparer.Ordinal);
        var rows = new List<WorkerKeyRow>();
        foreach (var key in keys)
        {
            // The statement is a text inside of the verdict; the 64 digits of the key's id occur in it and in no other.
            var runs = await db.Runs.CountAsync(run => run.Verdict != null && run.Verdict.Contains(key.Id), cancellationToken);
            rows.Add(new(key, runs, [.. events[key.Id]]));
        }
        return rows;
    }
}
