using Microsoft.Extensions.Hosting;
using Quartz;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Worker;

/// <summary>
/// Works off the queue as a Quartz job, one at a time in this process. The queue says which run is next, and the run's lease which worker carries it
/// out, so Quartz may start the job any number of times.
/// </summary>
[DisallowConcurrentExecution]
public sealed class RunJob(WorkQueue queue, IHostApplicationLifetime host) : IJob
{
    public static readonly JobKey Key = new("queue");

    /// <inheritdoc/>
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, host.ApplicationStopping);
        await queue.WorkOffAsync(stopping.Token);
    }
}
