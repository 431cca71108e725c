using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Requests.Runs;

/// <summary>Queues a run of a request, and submits a draft first. Reviewers only.</summary>
public sealed class StartRun(IDbContextFactory<PortalDb> databases, RunAnnouncer announcer)
{
    /// <exception cref="IllegalMoveException">The status of the request allows no run.</exception>
    /// <exception cref="NotAllowedException">The actor is no reviewer, or the draft is another's.</exception>
    /// <exception cref="DuplicateRequestException">Another request for the same model and concept is open.</exception>
    public async Task<Run> ExecuteAsync(Actor actor, long requestId, CancellationToken cancellationToken)
    {
        await using var write = await databases.BeginWriteAsync(actor, cancellationToken, Roles.Reviewer);
        var (db, now) = write;
        var run = await EnqueueAsync(db, actor, await db.LoadRequestAsync(requestId, cancellationToken), now, cancellationToken);
        await write.CommitAsync(cancellationToken);
        announcer.Announce(run);
        return run;
    }

    internal static async Task<Run> EnqueueAsync(PortalDb db, Actor actor, EraseRequest request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (request.Status == RequestStatus.Draft)
            FileRequest.Submit(db, actor, request, now);
        await FindDuplicate.DemandNoneAsync(db, request, cancellationToken);
        var action = request.Status == RequestStatus.Failed ? "run.retried" : "run.queued";
        var attempt = 1 + await db.Runs.CountAsync(run => run.RequestId == request.Id, cancellationToken);
        var run = Run.Enqueue(attempt, actor.Id, actor.Name, now);
        request.Queue(run, now);
        db.Record(actor, action, () => run.Subject, new { attempt });
        return run;
    }
}
