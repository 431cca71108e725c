using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Quartz;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Running;

/// <summary>
/// Sees to it that queued runs and red-team orders are worked off: at start those a dead process left behind, then as one is queued, and every half minute whatever
/// was missed. The database is the queue; the job store lives in memory and may forget.
/// </summary>
internal sealed class RunScheduler(ISchedulerFactory schedulers, WorkQueue queue, RunAnnouncer announcer, TimeProvider time, ILogger<RunScheduler> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var wake = new SemaphoreSlim(0);
        void Wake(long id) => wake.Release();
        announcer.Queued += Wake;
        announcer.ProbesOrdered += Wake;
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await ReconcileAsync(stoppingToken);
                using var pause = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                await Task.WhenAny(wake.WaitAsync(pause.Token), Task.Delay(Interval, time, pause.Token));
                await pause.CancelAsync();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops; what is queued stays queued.
        }
        finally
        {
            announcer.Queued -= Wake;
            announcer.ProbesOrdered -= Wake;
        }
    }

    private async Task ReconcileAsync(CancellationToken stopping)
    {
        try
        {
            if (!await queue.WaitsAsync(stopping) || !queue.Ask()) return;
            try
            {
                var scheduler = await schedulers.GetScheduler(stopping);
                await scheduler.ScheduleJob(RunJob.Create(), TriggerBuilder.Create().StartNow().Build(), cancellationToken: stopping);
            }
            catch
            {
                queue.Withdraw();
                throw;
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            logger.LogError(e, "Queued work could not be scheduled; trying again in {Interval}.", Interval);
        }
    }
}
