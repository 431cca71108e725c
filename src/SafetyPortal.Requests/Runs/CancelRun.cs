using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Requests.Runs;

/// <summary>
/// Withdraws a request in any status before a decision. A run at work gets a request to stop, and ends the request when it has;
/// everything else is cancelled at once. For the requester, the run's starter and administrators.
/// </summary>
public sealed class CancelRun(IDbContextFactory<PortalDb> databases)
{
    /// <exception cref="IllegalMoveException">It is too late to cancel.</exception>
    /// <exception cref="NotAllowedException">The actor has no part in the request.</exception>
    public async Task ExecuteAsync(Actor actor, long requestId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, now) = write;
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        var run = request.CurrentRun;
        var concerned = string.Equals(actor.Id, request.RequesterId, StringComparison.Ordinal)
            || string.Equals(actor.Id, run?.StartedById, StringComparison.Ordinal);
        if (!concerned)
            await db.DemandRoleAsync(actor, cancellationToken, Roles.Administrator);

        if (run?.Status == RunStatus.Running)
        {
            run.RequestCancel();
            db.Record(actor, "run.cancel-requested", run.Subject, new { stage = run.Stage });
        }
        else
        {
            if (run?.Status == RunStatus.Queued)
                run.Cancel(now);
            else
                request.Cancel(now);
            db.Record(actor, "request.cancelled", $"request/{request.Id}", null);
        }
        await write.CommitAsync(cancellationToken);
    }
}
