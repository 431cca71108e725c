using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Requests.RedTeam;

/// <summary>Orders probes against the patch of a request's finished run. A request has one open order at a time. Administrators only.</summary>
public sealed class OrderProbes(IDbContextFactory<PortalDb> databases, RunAnnouncer announcer)
{
    /// <exception cref="NotAllowedException">The actor is no administrator.</exception>
    /// <exception cref="InvalidRequestException">No probe, an unknown one or no reason.</exception>
    /// <exception cref="IllegalMoveException">The newest run is not finished, or an order is open.</exception>
    public async Task<ProbeOrder> ExecuteAsync(
        Actor actor, long requestId, IReadOnlyCollection<string> probes, ProbeBudget budget, string reason, CancellationToken cancellationToken)
    {
        await using var write = await databases.BeginWriteAsync(actor, cancellationToken, Roles.Administrator);
        var (db, now) = write;
        if (Problems(probes, budget, reason) is { Count: > 0 } problems)
            throw new InvalidRequestException(problems);
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        if (request.CurrentRun is not { Status: RunStatus.Succeeded, PatchDigest: not null } run)
            throw new IllegalMoveException($"Request {requestId} has no finished run whose patch could be attacked.");
        if (await db.ProbeOrders.AnyAsync(o => o.RequestId == requestId && (o.Status == RunStatus.Queued || o.Status == RunStatus.Running), cancellationToken))
            throw new IllegalMoveException($"An order for request {requestId} is open already; wait for it or cancel it.");

        string[] chosen = [.. ProbeCodes.All.Where(code => probes.Contains(code, StringComparer.Ordinal))];
        var order = ProbeOrder.Place(run, chosen, budget, reason.Trim(), actor.Id, actor.Name, now);
        db.ProbeOrders.Add(order);
        db.Record(
            actor, "red-team.ordered", () => order.Subject,
            new { runId = run.Id, patchDigest = run.PatchDigest, probes = chosen, budget = budget.ToString(), reason = order.Reason });
        await write.CommitAsync(cancellationToken);
        announcer.Announce(order);
        return order;
    }

    /// <summary>Returns everything wrong with an order; empty when it can be placed.</summary>
    public static IReadOnlyList<RequestProblem> Problems(IReadOnlyCollection<string> probes, ProbeBudget budget, string? reason)
    {
        var problems = new List<RequestProblem>();
        if (probes.Count == 0)
            problems.Add(new(nameof(probes), "Choose at least one probe."));
        if (probes.FirstOrDefault(code => !ProbeCodes.All.Contains(code, StringComparer.Ordinal)) is { } unknown)
            problems.Add(new(nameof(probes), $"Expected probes among {string.Join(", ", ProbeCodes.All)}, got \"{unknown}\"."));
        if (!Enum.IsDefined(budget))
            problems.Add(new(nameof(budget), $"Expected the budget small or full, got {(int)budget}."));
        if (!WrittenText.IsText(reason, 10, 2000))
            problems.Add(new(nameof(reason), "Say in 10 to 2,000 characters why you call the red team."));
        return problems;
    }
}

/// <summary>Cancels an order: a queued one at once, a running one within a step. Administrators only. The portal keeps none of its findings.</summary>
public sealed class CancelProbes(IDbContextFactory<PortalDb> databases)
{
    /// <exception cref="NotAllowedException">The actor is no administrator.</exception>
    /// <exception cref="IllegalMoveException">The order ended already.</exception>
    public async Task ExecuteAsync(Actor actor, long orderId, CancellationToken cancellationToken)
    {
        await using var write = await databases.BeginWriteAsync(actor, cancellationToken, Roles.Administrator);
        var (db, now) = write;
        var order = await db.ProbeOrders.SingleOrDefaultAsync(o => o.Id == orderId, cancellationToken)
            ?? throw new NotFoundException($"There is no red-team order {orderId}.");
        var running = order.Status == RunStatus.Running;
        if (running)
            order.RequestCancel();
        else
            order.Cancel(now);
        db.Record(actor, running ? "red-team.cancel-requested" : "red-team.cancelled", order.Subject, null);
        await write.CommitAsync(cancellationToken);
    }
}
