using SafetyPortal.Requests.RedTeam;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Running;

/// <summary>
/// Carries out queued work, one piece after the other: libtorch already uses every core. It looks for the next run when the last has ended, by
/// priority, then age. A red-team order takes its turn after each run, so that neither waits for ever.
/// </summary>
public sealed class WorkQueue(RunLease runLease, ProbeOrderLease orderLease, RunExecutor runs, ProbeOrderExecutor orders)
{
    /// <summary>Works until no work is queued that this process can take.</summary>
    public async Task WorkOffAsync(CancellationToken hostStopping)
    {
        var (passedRuns, passedOrders) = (new HashSet<long>(), new HashSet<long>());
        while (!hostStopping.IsCancellationRequested)
        {
            var run = await NextRunAsync(passedRuns, hostStopping);
            if (run is { } id && await runs.ExecuteAsync(id, observer: null, hostStopping) is null)
                passedRuns.Add(id);
            var order = await NextAsync(orderLease, passedOrders, hostStopping);
            if (order is { } attack && await orders.ExecuteAsync(attack, observer: null, hostStopping) is null)
                passedOrders.Add(attack);
            if (run is null && order is null)
                return;
        }
    }

    /// <summary>Puts the runs of lost workers back into the queue, and returns the most urgent one, the oldest of these; null when none waits.</summary>
    /// <param name="passed">Runs to leave out: another worker took them in this pass, or they came to no end.</param>
    public Task<long?> NextRunAsync(IReadOnlyCollection<long> passed, CancellationToken cancellation) => NextAsync(runLease, passed, cancellation);

    private static async Task<long?> NextAsync<T>(WorkLease<T> lease, IReadOnlyCollection<long> passed, CancellationToken cancellation)
        where T : QueuedWork =>
        (await lease.RecoverAsync(WorkerIdentity.IsGone, cancellation)).Where(id => !passed.Contains(id)).Cast<long?>().FirstOrDefault();
}
