using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Running;

/// <summary>
/// Renews a lease about twice a second, whatever the pace of the work. It cancels <see cref="Stop"/> when a person cancelled or the lease is lost.
/// A beat that fails for another reason is tried again until the lease has run out.
/// </summary>
internal sealed class HeartBeat : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly Func<CancellationToken, Task<bool>> beat;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stop;
    private readonly CancellationTokenSource end = new();
    private readonly Task loop;

    /// <param name="beat">Renews the lease and writes progress. Returns whether a person cancelled.</param>
    public HeartBeat(Func<CancellationToken, Task<bool>> beat, TimeProvider time, CancellationToken hostStopping)
    {
        (this.beat, this.time) = (beat, time);
        stop = CancellationTokenSource.CreateLinkedTokenSource(hostStopping);
        loop = Task.Run(LoopAsync);
    }

    /// <summary>Cancelled when the work must stop: a person cancelled, the lease is lost, or the host stops.</summary>
    public CancellationToken Stop => stop.Token;

    /// <summary>Whether a person cancelled.</summary>
    public bool CancelRequested { get; private set; }

    /// <summary>Why the beats ended; null while they go on.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Takes the answer of a write between two beats.</summary>
    public void Note(bool cancelRequested)
    {
        if (!cancelRequested || CancelRequested)
            return;
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
                // The beat renews the lease at this time or later.
                var began = time.GetTimestamp();
                try
                {
                    Note(await beat(end.Token));
                    renewed = began;
                }
                catch (Exception e) when (e is not (LeaseLostException or OperationCanceledException))
                {
                    if (time.GetElapsedTime(renewed) < QueuedWork.LeaseDuration)
                        continue;
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
