namespace SafetyPortal.Requests.Runs;

/// <summary>
/// Tells the worker of this process that a run or a red-team order was queued, so that it begins at once. The worker's schedule finds what other
/// processes queued.
/// </summary>
public sealed class RunAnnouncer
{
    /// <summary>The work is saved and waits for a worker.</summary>
    public event Action<QueuedWork>? Queued;

    internal void Announce(QueuedWork work) => Queued?.Invoke(work);
}
