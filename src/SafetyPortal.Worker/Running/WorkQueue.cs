using SafetyPortal.Requests.RedTeam;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Running;

/// <summary>
/// Carries out what is queued, one piece after the other: libtorch already uses every core. The next one is looked for when the last has ended, so that an
/// urgent request filed meanwhile is next: runs by priority, then age. A red-team order takes its turn after each run, so that neither waits for ever.
/// </summary>
public sealed class WorkQueue(RunLease runLease, ProbeOrderLease orderLease, RunExecutor runs, ProbeOrderExecutor orders)
{
    /// <summary>Works until nothing is queued that this process can have.</summary>
    public async Task WorkOffAsync(CancellationToken hostStopping)
    {
        var (passedRuns, passedOrders) = (new HashSet<long>(), new HashSet<long>());
        while (!hostStopping.IsCancellationRequested)
        {
            var run = await NextRunAsync(passedRuns, hostStopping);
            if (run is { } id && await runs.ExecuteAsync(id, observer: null, hostStopping) is null) passedRuns.Add(id);
            var order = await NextAsync(orderLease, passedOrders, hostStopping);
            if (order is { } attack && await orders.ExecuteAsync(attack, observer: null, hostStopping) is null) passedOrders.Add(attack);
            if (run is null && order is null) return;
        }
    }

    /// <summary>The most urgent run that waits, the oldest of these; null when none does. What a lost worker left behind is put back into the queue first.</summary>
    /// <param name="passed">Runs that another worker had, or that came to nothing, in this pass; they are left for the next one.</param>
    public Task<long?> NextRunAsync(IReadOnlyCollection<long> passed, CancellationToken cancellation) => NextAsync(runLease, passed, cancellation);

    private static async Task<long?> NextAsync<T>(WorkLease<T> lease, IReadOnlyCollection<long> passed, CancellationToken cancellation)
        where T : QueuedWork =>
        (await lease.RecoverAsync(WorkerIdentity.IsGone, cancellation)).Where(id => !passed.Contains(id)).Cast<long?>().FirstOrDefault();
}
