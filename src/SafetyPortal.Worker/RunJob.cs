using Microsoft.Extensions.Hosting;
using Quartz;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Worker;

/// <summary>
/// One run as a Quartz job. Nothing rests on it being started once: the run's lease decides who carries it out, and a second start
/// finds the run taken and ends.
/// </summary>
public sealed class RunJob(RunExecutor executor, IHostApplicationLifetime host) : IJob
{
    private const string RunId = "run";

    /// <summary>The job of a run; one identity per run, so that scheduling it twice keeps one.</summary>
    public static IJobDetail For(long runId) => JobBuilder.Create<RunJob>()
        .WithIdentity(runId.ToString(System.Globalization.CultureInfo.InvariantCulture), "run")
        .UsingJobData(RunId, runId)
        .Build();

    /// <inheritdoc/>
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, host.ApplicationStopping);
        await executor.ExecuteAsync(context.MergedJobDataMap.GetLong(RunId), observer: null, stopping.Token);
    }
}
