using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Requests.Runs;

/// <summary>
/// Cancels a request in any status before a decision. A worker stops within a step and ends the request then; a request without a worker ends at
/// once. For the requester, the run's starter and administrators.
/// </summary>
public sealed class CancelRun(IDbContextFactory<PortalDb> databases)
{
    /// <exception cref="IllegalMoveException">An approver decided already, or the request ended.</exception>
    /// <exception cref="NotAllowedException">The actor has no part in the request.</exception>
    public async Task ExecuteAsync(Actor actor, long requestId, CancellationToken cancellationToken)
    {
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, now) = write;
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        var run = request.CurrentRun;
        if (actor.Id != request.RequesterId && actor.Id != run?.StartedById)
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
