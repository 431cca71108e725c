using SafetyPortal.Requests.Runs;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Worker.Tests.Running;

public sealed class HeartBeatTests
{
    private readonly BeatTime time = new();

    [Fact]
    public async Task Beat_FailsForAWhile_IsTriedAgainAndStopsNothing()
    {
        var enough = new TaskCompletionSource();
        var beats = 0;
        await using var heart = new HeartBeat(
            _ =>
            {
                time.Pass(TimeSpan.FromSeconds(2));
                if (++beats <= 20)
                    throw new IOException("the disk is full");
                enough.TrySetResult();
                return Task.FromResult(false);
            },
            time,
            default);

        await enough.Task;

        (heart.Stop.IsCancellationRequested, heart.Failure).ShouldBe((false, null));
    }

    [Fact]
    public async Task Beat_FailsUntilTheLeaseHasRunOut_StopsTheWork()
    {
        var beats = 0;
        await using var heart = new HeartBeat(
            _ =>
            {
                beats++;
                time.Pass(TimeSpan.FromSeconds(2));
                throw new IOException("the disk is full");
            },
            time,
            default);

        await StoppedAsync(heart);

        beats.ShouldBe(23); // 46 s, more than the 45 s of the lease
        heart.Failure.ShouldBeOfType<LeaseLostException>().Message.ShouldContain("the disk is full");
    }

    [Fact]
    public async Task Beat_LeaseLost_StopsAtOnce()
    {
        var beats = 0;
        await using var heart = new HeartBeat(
            _ =>
            {
                beats++;
                throw new LeaseLostException("taken over");
            },
            time,
            default);

        await StoppedAsync(heart);

        (beats, heart.Failure?.Message).ShouldBe((1, "taken over"));
    }

    private static async Task StoppedAsync(HeartBeat heart)
    {
        var stopped = new TaskCompletionSource();
        await using var registration = heart.Stop.Register(stopped.SetResult);
        await stopped.Task;
    }

    /// <summary>Timers fire every millisecond; the clock moves only with <see cref="Pass"/>.</summary>
    private sealed class BeatTime : TimeProvider
    {
        private long now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Volatile.Read(ref now);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var soon = TimeSpan.FromMilliseconds(1);
            return base.CreateTimer(callback, state, soon, soon);
        }

        public void Pass(TimeSpan span) => Interlocked.Add(ref now, span.Ticks);
    }
}
