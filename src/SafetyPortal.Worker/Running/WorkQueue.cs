using SafetyPortal.Requests.RedTeam;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Worker.Probing;

namespace SafetyPortal.Worker.Running;

/// <summary>
/// Carries out what is queued, one piece after the other. The next one is looked for when the last has ended, so that an urgent request filed meanwhile
/// is next: runs by priority, then age. A red-team order takes its turn after each run, so that neither waits for ever.
/// </summary>
public sealed class WorkQueue(RunLease runLease, ProbeOrderLease orderLease, RunExecutor runs, ProbeOrderExecutor orders)
{
    private int asked;

    /// <summary>True when nobody who is yet to begin was asked before; whoever gets true sees to it that <see cref="WorkOffAsync"/> is called, or calls <see cref="Withdraw"/>.</summary>
    public bool Ask() => Interlocked.Exchange(ref asked, 1) == 0;

    /// <summary>Takes back an <see cref="Ask"/> that came to nothing.</summary>
    public void Withdraw() => Volatile.Write(ref asked, 0);

    /// <summary>Whether anything waits; what a lost worker left behind is put back into the queue first.</summary>
    public async Task<bool> WaitsAsync(CancellationToken cancellation) =>
        await NextRunAsync([], cancellation) is not null || await NextOrderAsync([], cancellation) is not null;

    /// <summary>Works until nothing is queued that this process can have.</summary>
    public async Task WorkOffAsync(CancellationToken hostStopping)
    {
        // Before the first look, so that what is queued after the last one is somebody's.
        Withdraw();
        var (passedRuns, passedOrders) = (new HashSet<long>(), new HashSet<long>());
        while (!hostStopping.IsCancellationRequested)
        {
            var run = await NextRunAsync(passedRuns, hostStopping);
            if (run is { } id && await runs.ExecuteAsync(id, observer: null, hostStopping) is null) passedRuns.Add(id);
            var order = await NextOrderAsync(passedOrders, hostStopping);
            if (order is { } attack && await orders.ExecuteAsync(attack, observer: null, hostStopping) is null) passedOrders.Add(attack);
            if (run is null && order is null) return;
        }
    }

    /// <summary>The most urgent run that waits, the oldest of these; null when none does. What a lost worker left behind is put back into the queue first.</summary>
    /// <param name="passed">Runs that another worker had, or that came to nothing, in this pass; they are left for the next one.</param>
    public async Task<long?> NextRunAsync(IReadOnlyCollection<long> passed, CancellationToken cancellation) =>
        (await runLease.RecoverAsync(WorkerIdentity.IsGone, cancellation)).Where(id => !passed.Contains(id)).Cast<long?>().FirstOrDefault();

    private async Task<long?> NextOrderAsync(HashSet<long> passed, CancellationToken cancellation) =>
        (await orderLease.RecoverAsync(WorkerIdentity.IsGone, cancellation)).Where(id => !passed.Contains(id)).Cast<long?>().FirstOrDefault();
}
