using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Runs;

/// <summary>How far a run or a red-team order is.</summary>
public enum RunStatus
{
    /// <summary>It waits for a worker, newly or after its worker was lost. Exits: <see cref="Running"/>, <see cref="Cancelled"/>.</summary>
    Queued = 0,

    /// <summary>
    /// A worker holds the lease. Exits: <see cref="Succeeded"/>, <see cref="Failed"/>, <see cref="Cancelled"/>, <see cref="Queued"/> (worker lost).
    /// </summary>
    Running = 1,

    /// <summary>Its result is stored. No exit.</summary>
    Succeeded = 2,

    /// <summary>An error ended it. No exit.</summary>
    Failed = 3,

    /// <summary>A person stopped it. No exit.</summary>
    Cancelled = 4,
}

/// <summary>
/// Work that waits for a worker: a run, or a red-team order. A worker writes only while it holds the lease. <see cref="Token"/> grows with each claim,
/// and a write that names an older token throws, so a worker that lost its lease cannot change anything.
/// </summary>
public abstract class QueuedWork : IVersioned
{
    /// <summary>How long a lease lasts without a renewal.</summary>
    public static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(45);

    public long Id { get; private set; }

    public long RequestId { get; private protected set; }

    public EraseRequest? Request { get; private set; }

    public RunStatus Status { get; private set; }

    /// <summary>When a worker first took it; null before.</summary>
    public DateTimeOffset? StartedAt { get; private set; }

    public DateTimeOffset? EndedAt { get; private set; }

    /// <summary>Grows each time a worker takes or loses the work.</summary>
    public long Token { get; private set; }

    /// <summary>The worker that holds the lease; null when none does.</summary>
    public string? LeaseOwner { get; private set; }

    public DateTimeOffset? LeaseExpiresAt { get; private set; }

    /// <summary>Whether a person cancelled; the worker stops within a step.</summary>
    public bool CancelRequested { get; private set; }

    /// <summary>Why it failed, for the user; null otherwise.</summary>
    public string? Error { get; private set; }

    public long Version { get; set; }

    public bool IsOpen => Status is RunStatus.Queued or RunStatus.Running;

    /// <summary>Its name in the history, such as "run" of "run.claimed".</summary>
    internal abstract string Kind { get; }

    /// <summary>How far the worker is, for the history; null before it begins.</summary>
    internal abstract string? Position { get; }

    /// <summary>The subject of its events.</summary>
    internal string Subject => $"request/{RequestId}/{Kind}/{Id}";

    /// <summary>Queued -> Running: <paramref name="owner"/> holds the lease under a new token.</summary>
    public virtual void Claim(string owner, DateTimeOffset now)
    {
        Demand("claimed", RunStatus.Queued);
        Status = RunStatus.Running;
        Token++;
        StartedAt ??= now;
        (LeaseOwner, LeaseExpiresAt) = (owner, now + LeaseDuration);
    }

    /// <summary>Extends the lease.</summary>
    public void Renew(DateTimeOffset now)
    {
        Demand("renewed", RunStatus.Running);
        LeaseExpiresAt = now + LeaseDuration;
    }

    /// <summary>Running -> Failed.</summary>
    public virtual void Fail(string error, DateTimeOffset now)
    {
        End("failed", RunStatus.Failed, now, RunStatus.Running);
        Error = error;
    }

    /// <summary>Makes the worker stop within a step.</summary>
    public void RequestCancel()
    {
        Demand("stopped by its worker", RunStatus.Running);
        CancelRequested = true;
    }

    /// <summary>Queued or Running -> Cancelled.</summary>
    public virtual void Cancel(DateTimeOffset now) => End("cancelled", RunStatus.Cancelled, now, RunStatus.Queued, RunStatus.Running);

    /// <summary>Running -> Queued, because its worker is lost. What the worker stored stays.</summary>
    public void Recover()
    {
        Demand("recovered", RunStatus.Running);
        Status = RunStatus.Queued;
        Token++;
        (LeaseOwner, LeaseExpiresAt) = (null, null);
    }

    /// <summary>Running -> Succeeded.</summary>
    private protected void Succeed(DateTimeOffset now) => End("completed", RunStatus.Succeeded, now, RunStatus.Running);

    private protected void Demand(string verb, params ReadOnlySpan<RunStatus> from) => IllegalMoveException.ThrowUnless(ToString()!, verb, Status, from);

    private void End(string verb, RunStatus target, DateTimeOffset now, params ReadOnlySpan<RunStatus> from)
    {
        Demand(verb, from);
        (Status, EndedAt, LeaseOwner, LeaseExpiresAt) = (target, now, null, null);
    }
}
