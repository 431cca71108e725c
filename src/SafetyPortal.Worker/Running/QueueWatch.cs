using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Quartz;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Running;

/// <summary>Starts <see cref="RunJob"/> as soon as this process queues a run or a red-team order.</summary>
internal sealed class QueueWatch(ISchedulerFactory schedulers, RunAnnouncer announcer, ILogger<QueueWatch> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        announcer.Queued += Wake;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        announcer.Queued -= Wake;
        return Task.CompletedTask;
    }

    private void Wake(QueuedWork work) => _ = WakeAsync();

    private async Task WakeAsync()
    {
        try
        {
            var scheduler = await schedulers.GetScheduler();
            await scheduler.TriggerJob(RunJob.Key);
        }
        catch (SchedulerException e)
        {
            logger.LogError(e, "Queued work waits for the next look at the queue.");
        }
    }
}
