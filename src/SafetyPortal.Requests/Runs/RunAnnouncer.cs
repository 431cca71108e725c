namespace SafetyPortal.Requests.Runs;

/// <summary>
/// Tells the worker of this process at once that a run or a red-team order was queued. The worker's schedule finds the work that other processes queued.
/// </summary>
public sealed class RunAnnouncer
{
    /// <summary>Raised once the work is saved.</summary>
    public event Action<QueuedWork>? Queued;

    internal void Announce(QueuedWork work) => Queued?.Invoke(work);
}
