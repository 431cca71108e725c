using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Requests.RedTeam;

/// <summary>An administrator's order to attack the patch of a finished run with chosen probes. It changes neither the run nor its evidence.</summary>
public sealed class ProbeOrder : QueuedWork
{
    private ProbeOrder()
    {
    }

    /// <summary>The run whose patch the probes attack; a later run of the request does not change that.</summary>
    public long RunId { get; private set; }

    public Run? Run { get; private set; }

    /// <summary>Artifact digest of that patch.</summary>
    public string PatchDigest { get; private set; } = "";

    /// <summary>Codes out of <see cref="ProbeCodes.All"/>, in its order.</summary>
    public List<string> Probes { get; private set; } = [];

    public ProbeBudget Budget { get; private set; }

    public string Reason { get; private set; } = "";

    public string OrderedById { get; private set; } = "";

    public string OrderedByName { get; private set; } = "";

    public DateTimeOffset OrderedAt { get; private set; }

    /// <summary>Code of the probe at work; null before the first.</summary>
    public string? Probe { get; private set; }

    /// <summary>Network calls that the probe at work has spent, of <see cref="Limit"/>.</summary>
    public long Spent { get; private set; }

    public long Limit { get; private set; }

    /// <summary>Artifact digest of the <see cref="ProbeReport"/>; null before it succeeded.</summary>
    public string? Report { get; private set; }

    /// <summary>Returns a new order in the queue.</summary>
    public static ProbeOrder Place(
        Run run, IReadOnlyList<string> probes, ProbeBudget budget, string reason, string byId, string byName, DateTimeOffset now) => new()
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
        };

    internal override string Kind => "red-team";

    internal override string? Position => Probe;

    /// <summary>Stores the worker's progress.</summary>
    public void Show(string probe, long spent, long limit)
    {
        Demand("reported on", RunStatus.Running);
        (Probe, Spent, Limit) = (probe, spent, limit);
    }

    /// <summary>Running -> Succeeded.</summary>
    public void Complete(string report, DateTimeOffset now)
    {
        Succeed(now);
        Report = report;
    }

    /// <inheritdoc/>
    public override string ToString() => $"Red-team order {Id}";
}

/// <summary>How hard the probes try.</summary>
public enum ProbeBudget
{
    /// <summary>As in every run.</summary>
    Small = 0,

    /// <summary>The grids of the literature and more images, for many times as long.</summary>
    Full = 1,
}

/// <summary>What a worker does to an order.</summary>
public sealed class ProbeOrderLease(IDbContextFactory<PortalDb> databases) : WorkLease<ProbeOrder>(databases)
{
    /// <summary>Stores progress and extends the lease. Returns whether the worker must stop.</summary>
    /// <inheritdoc cref="WorkLease{T}.RenewAsync"/>
    public Task<bool> ReportAsync(LeaseTicket ticket, string probe, long spent, long limit, CancellationToken cancellationToken) =>
        WriteAsync(ticket, (_, order, _) => order.Show(probe, spent, limit), cancellationToken);

    /// <summary>Ends the order with the artifact of its report. If a person cancelled before, ends it as cancelled and returns true.</summary>
    /// <inheritdoc cref="WorkLease{T}.RenewAsync"/>
    public Task<bool> CompleteAsync(LeaseTicket ticket, string report, CancellationToken cancellationToken) => CompleteAsync(
        ticket,
        (order, now) =>
        {
            order.Complete(report, now);
            return new { report, patchDigest = order.PatchDigest, probes = order.Probes };
        },
        cancellationToken);

    private protected override IQueryable<ProbeOrder> Whole(IQueryable<ProbeOrder> works) => works;

    private protected override IQueryable<ProbeOrder> InOrder(IQueryable<ProbeOrder> queued) => queued.OrderBy(order => order.Id);
}
