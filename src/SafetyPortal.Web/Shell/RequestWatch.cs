using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Web.Shell;

/// <summary>
/// Finds twice a second which requests changed and tells the open pages. It reads the database, so it sees what a worker in another process writes.
/// </summary>
public sealed class RequestWatch(IDbContextFactory<PortalDb> databases, TimeProvider time, ILogger<RequestWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly SemaphoreSlim looking = new(1);
    private long newestEvent;
    private HashSet<Mark> marks = [];

    /// <summary>Raised with the ids of the requests that changed.</summary>
    public event Action<IReadOnlySet<long>>? Changed;

    /// <summary>Looks now and tells the pages. A page calls this after its own change, so that the other pages show it at once.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        await looking.WaitAsync(cancellationToken);
        try
        {
            if (await FindChangedAsync(cancellationToken) is { Count: > 0 } changed)
                Changed?.Invoke(changed);
        }
        finally
        {
            looking.Release();
        }
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        // The first look after this finds only later changes.
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
            newestEvent = await db.AuditEvents.MaxAsync(e => (long?)e.Sequence, cancellationToken) ?? 0;
        await FindChangedAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                logger.LogError(error, "Looking for changes for the open pages failed; trying again in {Interval}.", Interval);
            }
        }
    }

    public override void Dispose()
    {
        looking.Dispose();
        base.Dispose();
    }

    // The history has an event for every change of state, but none for the progress of a run or the end of a claim: their versions are compared.
    private async Task<IReadOnlySet<long>> FindChangedAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var events = await db.AuditEvents.Where(e => e.Sequence > newestEvent).OrderBy(e => e.Sequence)
            .Select(e => new { e.Sequence, e.RequestId }).ToListAsync(cancellationToken);
        var claims = await db.ReviewClaims.Where(c => c.ExpiresAt > now).Select(c => new { c.RequestId, c.ExpiresAt }).ToListAsync(cancellationToken);
        HashSet<Mark> present =
        [
            .. await db.Runs.Where(r => r.Status == RunStatus.Running).Select(r => new Mark("run", r.RequestId, r.Version)).ToListAsync(cancellationToken),
            .. await db.ProbeOrders.Where(o => o.Status == RunStatus.Running).Select(o => new Mark("order", o.RequestId, o.Version))
                .ToListAsync(cancellationToken),
            .. claims.Select(c => new Mark("claim", c.RequestId, c.ExpiresAt.UtcTicks)),
        ];
        var changed = events.Select(e => e.RequestId).OfType<long>().ToHashSet();
        changed.UnionWith(present.Except(marks).Concat(marks.Except(present)).Select(mark => mark.RequestId));
        (newestEvent, marks) = (events.LastOrDefault()?.Sequence ?? newestEvent, present);
        return changed;
    }

    private sealed record Mark(string Of, long RequestId, long Version);
}
