using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Audit;

/// <summary>The history does not fit its newest checkpoint, so no new one is signed over it. The message is for the auditor.</summary>
public sealed class BrokenHistoryException(string message) : InvalidOperationException(message);

/// <summary>Anchors the history: signs how far it goes, outside the database.</summary>
public sealed class WriteCheckpoint(IDbContextFactory<PortalDb> databases, DataFolder folder, CheckpointKey key)
{
    /// <summary>Writes a checkpoint, or returns null when nothing happened since the last.</summary>
    /// <exception cref="BrokenHistoryException">What the last checkpoint vouched for is not there any more.</exception>
    public async Task<AuditCheckpoint?> ExecuteAsync(CancellationToken cancellationToken) =>
        await new CheckpointFile(folder.Checkpoints, key).AppendAsync(HeadAsync, cancellationToken);

    private async Task<(long Count, string HeadHash, DateTimeOffset Time)?> HeadAsync(AuditCheckpoint? newest, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (newest is not null)
        {
            var anchored = await db.AuditEvents.Where(e => e.Sequence == newest.Count).Select(e => e.Hash).SingleOrDefaultAsync(cancellationToken);
            if (!string.Equals(anchored, newest.HeadHash, StringComparison.Ordinal))
                throw new BrokenHistoryException($"The checkpoint of {newest.Time:u} vouches for {newest.Count} events ending in {newest.HeadHash}; the history has {anchored ?? "no such event"} there. Verify it before anything else is signed.");
        }
        var head = await db.AuditEvents.OrderByDescending(e => e.Sequence).Select(e => new { e.Sequence, e.Hash }).FirstOrDefaultAsync(cancellationToken);
        return head is null || head.Sequence == newest?.Count ? null : (head.Sequence, head.Hash, db.Now);
    }
}
