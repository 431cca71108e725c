using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Running;

/// <summary>
/// Carries progress from the computing thread to the database about twice a second, whatever the pace of the work, and brings back
/// two things: that a person asked to stop, and that the lease was lost. Either cancels <see cref="Stop"/>.
/// </summary>
internal sealed class ProgressPump : IProgress<RunProgress>, IAsyncDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan PreviewInterval = TimeSpan.FromSeconds(2);

    private readonly RunLease lease;
    private readonly RunTicket ticket;
    private readonly IArtifactStore artifacts;
    private readonly TimeProvider time;
    private readonly IProgress<RunProgress>? observer;
    private readonly CancellationTokenSource stop;
    private readonly CancellationTokenSource end = new();
    private readonly Task loop;
    private RunProgress? latest;
    private byte[]? preview;

    public ProgressPump(
        RunLease lease, RunTicket ticket, IArtifactStore artifacts, TimeProvider time, IProgress<RunProgress>? observer, CancellationToken hostStopping)
    {
        this.lease = lease;
        this.ticket = ticket;
        this.artifacts = artifacts;
        this.time = time;
        this.observer = observer;
        stop = CancellationTokenSource.CreateLinkedTokenSource(hostStopping);
        loop = Task.Run(PumpAsync);
    }

    /// <summary>Cancelled when the run must stop, for whatever reason.</summary>
    public CancellationToken Stop => stop.Token;

    /// <summary>True once a person asked to stop.</summary>
    public bool CancelRequested { get; private set; }

    /// <summary>Why writing is no longer allowed or possible; null while it is.</summary>
    public Exception? Failure { get; private set; }

    /// <inheritdoc/>
    public void Report(RunProgress value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.Preview is not null) Volatile.Write(ref preview, value.Preview);
        Volatile.Write(ref latest, value);
        observer?.Report(value);
    }

    /// <summary>Notes what a write of the executor brought back.</summary>
    public void Note(bool cancelRequested)
    {
        if (!cancelRequested || CancelRequested) return;
        CancelRequested = true;
        stop.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync();
        await loop;
        end.Dispose();
        stop.Dispose();
    }

    private async Task PumpAsync()
    {
        long? previewAt = null;
        try
        {
            using var timer = new PeriodicTimer(Beat, time);
            while (await timer.WaitForNextTickAsync(end.Token))
            {
                var progress = Interlocked.Exchange(ref latest, null);
                string? digest = null;
                if (progress is not null && (previewAt is not { } at || time.GetElapsedTime(at) >= PreviewInterval)
                    && Interlocked.Exchange(ref preview, null) is { } image)
                {
                    digest = await artifacts.PutAsync(image, end.Token);
                    previewAt = time.GetTimestamp();
                }

                Note(progress is null
                    ? await lease.RenewAsync(ticket, end.Token)
                    : await lease.ReportAsync(ticket, progress.Stage, progress.Step, progress.Steps, progress.Message, digest, end.Token));
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The run ended.
        }
        catch (Exception e)
        {
            Failure = e;
            await stop.CancelAsync();
        }
    }
}
