using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Audit;

/// <summary>
/// A signed statement that the history had <paramref name="Count"/> events ending in <paramref name="HeadHash"/>. A file outside the database holds it:
/// without the signing key, a person who rewrites the database cannot make the two agree again.
/// </summary>
/// <param name="Previous">SHA-256 of the line before, 64 zeros for the first. It gives a removed line away.</param>
/// <param name="KeyId">SHA-256 of the public key that signed.</param>
/// <param name="Signature">ECDSA P-256 with SHA-256 over the canonical JSON of the other members, base64.</param>
public sealed record AuditCheckpoint(long Count, string HeadHash, DateTimeOffset Time, string Previous, string KeyId, string Signature)
{
    private const long MaxCount = 1L << 53;

    internal static AuditCheckpoint Sign(long count, string headHash, DateTimeOffset time, string previous, SigningKey key)
    {
        var unsigned = new AuditCheckpoint(count, headHash, time, previous, key.Id, "");
        return unsigned with { Signature = key.Sign(unsigned.SignedText()) };
    }

    /// <summary>Returns whether the key signed this. No key ever signed a count that canonical JSON cannot hold.</summary>
    internal bool IsSignedBy(SigningKey key) =>
        KeyId == key.Id && Count is >= 0 and <= MaxCount && key.Verifies(SignedText(), Signature);

    /// <summary>The canonical JSON that is signed: everything but the signature.</summary>
    internal string SignedText() => CanonicalJson.Serialize(new { Count, HeadHash, time = AuditHash.Iso(Time), Previous, KeyId });
}

/// <summary>The history does not fit its newest checkpoint, so the portal signs no new one. The message is for the auditor.</summary>
public sealed class BrokenHistoryException(string message) : InvalidOperationException(message);

/// <summary>Signs how far the history goes.</summary>
public sealed class WriteCheckpoint(IDbContextFactory<PortalDb> databases, CheckpointFile file)
{
    /// <summary>Writes a checkpoint, or returns null when nothing happened since the last.</summary>
    /// <exception cref="BrokenHistoryException">The history no longer holds what the last checkpoint vouches for.</exception>
    public async Task<AuditCheckpoint?> ExecuteAsync(CancellationToken cancellationToken) =>
        await file.AppendAsync(HeadAsync, cancellationToken);

    private async Task<(long Count, string HeadHash, DateTimeOffset Time)?> HeadAsync(AuditCheckpoint? newest, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (newest is not null)
        {
            var anchored = await db.AuditEvents.Where(e => e.Sequence == newest.Count).Select(e => e.Hash).SingleOrDefaultAsync(cancellationToken);
            if (anchored != newest.HeadHash)
            {
                throw new BrokenHistoryException(
                    $"The checkpoint of {newest.Time:u} vouches for {newest.Count} events ending in {newest.HeadHash}; "
                    + $"the history has {anchored ?? "no such event"} there. Verify the history before the portal signs anything else.");
            }
        }
        var head = await db.AuditEvents.OrderByDescending(e => e.Sequence).Select(e => new { e.Sequence, e.Hash }).FirstOrDefaultAsync(cancellationToken);
        return head is null || head.Sequence == newest?.Count ? null : (head.Sequence, head.Hash, db.Now);
    }
}

/// <summary>Writes a checkpoint every minute in which something happened, and one at shutdown.</summary>
public sealed class CheckpointSchedule(WriteCheckpoint checkpoint, TimeProvider time, ILogger<CheckpointSchedule> logger) : BackgroundService
{
    /// <summary>How long an event may stay without a checkpoint.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await WriteAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // StopAsync writes the last checkpoint.
        }
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteAsync(cancellationToken);
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            await checkpoint.ExecuteAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A broken history does not stop the portal: the next verification shows it to the auditor.
            logger.LogError(e, "No checkpoint could be written; the next try is in {Interval}.", Interval);
        }
    }
}
