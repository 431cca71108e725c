using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Requests.RedTeam;

/// <summary>
/// An administrator's order to attack the patch of a finished run with chosen probes. It changes neither the run nor its evidence; what it
/// found is stored beside them. As with a <see cref="Run"/>, a worker writes only while its token is the order's.
/// </summary>
public sealed class ProbeOrder : IVersioned
{
    private ProbeOrder()
    {
    }

    public long Id { get; private set; }

    public long RequestId { get; private set; }

    public EraseRequest? Request { get; private set; }

    /// <summary>The run whose patch is attacked; a later run of the request does not change that.</summary>
    public long RunId { get; private set; }

    public Run? Run { get; private set; }

    /// <summary>Artifact digest of the patch that is attacked.</summary>
    public string PatchDigest { get; private set; } = "";

    /// <summary>Codes out of <see cref="Evidence.ProbeCodes.All"/>, in its order.</summary>
    public List<string> Probes { get; private set; } = [];

    public ProbeBudget Budget { get; private set; }

    public string Reason { get; private set; } = "";

    public string OrderedById { get; private set; } = "";

    public string OrderedByName { get; private set; } = "";

    public DateTimeOffset OrderedAt { get; private set; }

    public RunStatus Status { get; private set; }

    /// <summary>Code of the probe at work; null before the first.</summary>
    public string? Probe { get; private set; }

    /// <summary>Network calls the probe at work has spent, of <see cref="Limit"/>.</summary>
    public long Spent { get; private set; }

    public long Limit { get; private set; }

    public DateTimeOffset? StartedAt { get; private set; }

    public DateTimeOffset? EndedAt { get; private set; }

    /// <summary>Fencing token; grows with each claim.</summary>
    public long Token { get; private set; }

    public string? LeaseOwner { get; private set; }

    public DateTimeOffset? LeaseExpiresAt { get; private set; }

    public bool CancelRequested { get; private set; }

    /// <summary>Artifact digest of the <see cref="ProbeReport"/>; null before it succeeded.</summary>
    public string? Report { get; private set; }

    public string? Error { get; private set; }

    public long Version { get; set; }

    /// <summary>True while a worker is or will be at it.</summary>
    public bool IsOpen => Status is RunStatus.Queued or RunStatus.Running;

    /// <summary>A new order in the queue.</summary>
    public static ProbeOrder Place(Run run, IReadOnlyList<string> probes, ProbeBudget budget, string reason, string byId, string byName, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(run);
        return new()
        {
            RequestId = run.RequestId,
            RunId = run.Id,
            PatchDigest = run.PatchDigest ?? throw new IllegalMoveException($"Run {run.Id} has no patch to attack."),
            Probes = [.. probes],
            Budget = budget,
            Reason = reason,
            OrderedById = byId,
            OrderedByName = byName,
            OrderedAt = now,
            Status = RunStatus.Queued,
        };
    }

    /// <summary>Queued -> Running under a new token.</summary>
    public void Claim(string owner, TimeSpan lease, DateTimeOffset now)
    {
        Demand("claimed", RunStatus.Queued);
        Status = RunStatus.Running;
        Token++;
        StartedAt ??= now;
        (LeaseOwner, LeaseExpiresAt) = (owner, now + lease);
    }

    /// <summary>Extends the lease and, when <paramref name="probe"/> is known, shows where the worker is.</summary>
    public void Beat(string? probe, long spent, long limit, TimeSpan lease, DateTimeOffset now)
    {
        Demand("reported on", RunStatus.Running);
        LeaseExpiresAt = now + lease;
        if (probe is not null)
            (Probe, Spent, Limit) = (probe, spent, limit);
    }

    /// <summary>Running -> Succeeded.</summary>
    public void Complete(string report, DateTimeOffset now)
    {
        End("completed", RunStatus.Succeeded, now, RunStatus.Running);
        Report = report;
    }

    /// <summary>Running -> Failed.</summary>
    public void Fail(string error, DateTimeOffset now)
    {
        End("failed", RunStatus.Failed, now, RunStatus.Running);
        Error = error;
    }

    /// <summary>Asks the worker to stop.</summary>
    public void RequestCancel()
    {
        Demand("asked to stop", RunStatus.Running);
        CancelRequested = true;
    }

    /// <summary>Queued or Running -> Cancelled.</summary>
    public void Cancel(DateTimeOffset now) => End("cancelled", RunStatus.Cancelled, now, RunStatus.Queued, RunStatus.Running);

    /// <summary>Running -> Queued: its worker is lost, and the old token is worth nothing from here on.</summary>
    public void Recover()
    {
        Demand("recovered", RunStatus.Running);
        Status = RunStatus.Queued;
        Token++;
        (LeaseOwner, LeaseExpiresAt) = (null, null);
    }

    private void End(string verb, RunStatus target, DateTimeOffset now, params ReadOnlySpan<RunStatus> from)
    {
        Demand(verb, from);
        (Status, EndedAt, LeaseOwner, LeaseExpiresAt) = (target, now, null, null);
    }

    private void Demand(string verb, params ReadOnlySpan<RunStatus> from)
    {
        if (from.Contains(Status))
            return;
        var expected = string.Join(" or ", from.ToArray().Select(status => status.ToString().ToLowerInvariant()));
        throw new IllegalMoveException($"Red-team order {Id} is {Status.ToString().ToLowerInvariant()} and cannot be {verb}: it would have to be {expected}.");
    }
}

/// <summary>How hard the probes try.</summary>
public enum ProbeBudget
{
    /// <summary>As in every run.</summary>
    Small = 0,

    /// <summary>The grids of the literature and more images; many times as long.</summary>
    Full = 1,
}
