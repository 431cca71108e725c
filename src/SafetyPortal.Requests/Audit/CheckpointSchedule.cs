using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SafetyPortal.Requests.Audit;

/// <summary>
/// Anchors the history while the portal runs: a checkpoint a minute after anything happened, and one at shutdown. A quiet portal writes none.
/// </summary>
public sealed class CheckpointSchedule(WriteCheckpoint checkpoint, TimeProvider time, ILogger<CheckpointSchedule> logger) : BackgroundService
{
    /// <summary>How long an event may stay without an anchor.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) await WriteAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The last checkpoint is written by StopAsync.
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
            // A broken history must not stop the portal: the next verification shows it to the auditor.
            logger.LogError(e, "No checkpoint could be written; trying again in {Interval}.", Interval);
        }
    }
}
