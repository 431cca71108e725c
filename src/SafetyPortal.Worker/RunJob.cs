using Microsoft.Extensions.Hosting;
using Quartz;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Worker;

/// <summary>
/// Works off the queue as a Quartz job. It names no run: which is next is decided when the last has ended, and the run's lease decides who carries it out, so
/// nothing rests on a job being started once.
/// </summary>
public sealed class RunJob(WorkQueue queue, IHostApplicationLifetime host) : IJob
{
    /// <summary>A job that works until nothing is queued.</summary>
    public static IJobDetail Create() => JobBuilder.Create<RunJob>().WithIdentity(Guid.NewGuid().ToString("N"), "queue").Build();

    /// <inheritdoc/>
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, host.ApplicationStopping);
        await queue.WorkOffAsync(stopping.Token);
    }
}
