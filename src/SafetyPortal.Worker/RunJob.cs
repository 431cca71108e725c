using Microsoft.Extensions.Hosting;
using Quartz;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Worker;

/// <summary>
/// Works off the queue as a Quartz job, one at a time in this process. It names no run: the queue says which is next when the last has ended, and the
/// run's lease decides who carries it out, so nothing rests on a job being started once.
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
