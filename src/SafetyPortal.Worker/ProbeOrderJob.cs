using Microsoft.Extensions.Hosting;
using Quartz;
using SafetyPortal.Worker.Probing;

namespace SafetyPortal.Worker;

/// <summary>One red-team order as a Quartz job. As with <see cref="RunJob"/>, the order's lease decides who carries it out.</summary>
public sealed class ProbeOrderJob(ProbeOrderExecutor executor, IHostApplicationLifetime host) : IJob
{
    private const string OrderId = "order";

    /// <summary>The job of an order; one identity per order, so that scheduling it twice keeps one.</summary>
    public static IJobDetail For(long orderId) => JobBuilder.Create<ProbeOrderJob>()
        .WithIdentity(orderId.ToString(System.Globalization.CultureInfo.InvariantCulture), "red-team")
        .UsingJobData(OrderId, orderId)
        .Build();

    /// <inheritdoc/>
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, host.ApplicationStopping);
        await executor.ExecuteAsync(context.MergedJobDataMap.GetLong(OrderId), observer: null, stopping.Token);
    }
}
