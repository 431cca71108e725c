using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Running;

/// <summary>
/// Renews a lease about twice a second, whatever the pace of the work, and brings back two things: that a person asked to stop, and that
/// the lease was lost. Either cancels <see cref="Stop"/>. A beat that fails for any other reason is tried again until the lease has run out.
/// </summary>
internal sealed class HeartBeat : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly Func<CancellationToken, Task<bool>> beat;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stop;
    private readonly CancellationTokenSource end = new();
    private readonly Task loop;

    /// <param name="beat">Renews the lease and writes progress; true when a person asked to stop.</param>
    public HeartBeat(Func<CancellationToken, Task<bool>> beat, TimeProvider time, CancellationToken hostStopping)
    {
        (this.beat, this.time) = (beat, time);
        stop = CancellationTokenSource.CreateLinkedTokenSource(hostStopping);
        loop = Task.Run(LoopAsync);
    }

    /// <summary>Cancelled when the work must stop, for whatever reason.</summary>
    public CancellationToken Stop => stop.Token;

    /// <summary>True once a person asked to stop.</summary>
    public bool CancelRequested { get; private set; }

    /// <summary>Why writing is no longer allowed; null while it is.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Notes the answer of a write between two beats.</summary>
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

    private async Task LoopAsync()
    {
        try
        {
            using var timer = new PeriodicTimer(Interval, time);
            var renewed = time.GetTimestamp();
            while (await timer.WaitForNextTickAsync(end.Token))
            {
                // The lease lasts from when the beat began, at the latest.
                var began = time.GetTimestamp();
                try
                {
                    Note(await beat(end.Token));
                    renewed = began;
                }
                catch (Exception e) when (e is not (LeaseLostException or OperationCanceledException))
                {
                    if (time.GetElapsedTime(renewed) < QueuedWork.LeaseDuration) continue;
                    throw new LeaseLostException($"The lease could not be renewed for {QueuedWork.LeaseDuration.TotalSeconds} s: {e.Message}");
                }
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The work ended.
        }
        catch (Exception e)
        {
            Failure = e;
            await stop.CancelAsync();
        }
    }
}
