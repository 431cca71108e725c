namespace SafetyPortal.Requests.Runs;

/// <summary>
/// Tells the pages and the worker of this process that a run was queued or changed, so that neither has to poll for it.
/// A hint only: whoever listens reads the database, and reconciling finds what was missed.
/// </summary>
public sealed class RunAnnouncer
{
    /// <summary>A run entered the queue; the argument is its id.</summary>
    public event Action<long>? Queued;

    /// <summary>A run or its request changed; the argument is the run's id.</summary>
    public event Action<long>? Changed;

    /// <summary>Probes were ordered; the argument is the order's id.</summary>
    public event Action<long>? ProbesOrdered;

    internal void AnnounceProbes(long orderId) => ProbesOrdered?.Invoke(orderId);

    internal void AnnounceQueued(long runId)
    {
        Queued?.Invoke(runId);
        Changed?.Invoke(runId);
    }

    internal void AnnounceChanged(long runId) => Changed?.Invoke(runId);
}
