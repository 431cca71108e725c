using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Quartz;
using SafetyPortal.Requests.RedTeam;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Running;

/// <summary>
/// Turns queued runs and red-team orders into jobs: at start those a dead process left behind, then each one as it is queued, and every half minute whatever
/// was missed. The database is the queue; the job store lives in memory and may forget.
/// </summary>
internal sealed class RunScheduler(
    ISchedulerFactory schedulers, RunLease lease, ProbeOrderLease orders, RunAnnouncer announcer, TimeProvider time, ILogger<RunScheduler> logger)
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
            var scheduler = await schedulers.GetScheduler(stopping);
            var runs = await lease.RecoverAsync(WorkerIdentity.IsGone, stopping);
            var attacks = await orders.RecoverAsync(WorkerIdentity.IsGone, stopping);
            foreach (var job in runs.Select(RunJob.For).Concat(attacks.Select(ProbeOrderJob.For)))
            {
                if (await scheduler.Exists(job.Key, stopping)) continue;
                await scheduler.ScheduleJob(job, TriggerBuilder.Create().StartNow().Build(), cancellationToken: stopping);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            logger.LogError(e, "Queued work could not be scheduled; trying again in {Interval}.", Interval);
        }
    }
}
