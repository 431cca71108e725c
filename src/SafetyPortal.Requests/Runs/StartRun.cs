using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Requests.Runs;

/// <summary>Puts a run of a submitted or sent-back request into the queue: here a request becomes work. Reviewers only.</summary>
public sealed class StartRun(IDbContextFactory<PortalDb> databases, RunAnnouncer announcer)
{
    /// <exception cref="IllegalMoveException">The request has no place for a run now.</exception>
    /// <exception cref="NotAllowedException">The actor is no reviewer.</exception>
    /// <exception cref="DuplicateRequestException">The same model and concept is open elsewhere.</exception>
    public async Task<Run> ExecuteAsync(Actor actor, long requestId, CancellationToken cancellationToken) =>
        await EnqueueAsync(databases, announcer, actor, requestId, "run.queued", demand: null, cancellationToken);

    /// <param name="demand">Throws when the request, as the write transaction sees it, is not fit for this; null demands nothing.</param>
    internal static async Task<Run> EnqueueAsync(
        IDbContextFactory<PortalDb> databases, RunAnnouncer announcer, Actor actor, long requestId, string action,
        Action<EraseRequest>? demand, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        await using var write = await databases.BeginWriteAsync(actor, cancellationToken, Roles.Reviewer);
        var (db, now) = write;
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        demand?.Invoke(request);
        await FindDuplicate.DemandNoneAsync(db, request, cancellationToken);
        var attempt = 1 + await db.Runs.CountAsync(run => run.RequestId == requestId, cancellationToken);
        var run = Run.Enqueue(attempt, actor.Id, actor.Name, now);
        request.Queue(run, now);
        db.Record(actor, action, () => run.Subject, new { attempt });
        await write.CommitAsync(cancellationToken);
        announcer.AnnounceQueued(run.Id);
        return run;
    }
}

/// <summary>Tries a failed request again with a new run. Reviewers only.</summary>
public sealed class RetryRun(IDbContextFactory<PortalDb> databases, RunAnnouncer announcer)
{
    /// <inheritdoc cref="StartRun.ExecuteAsync"/>
    public async Task<Run> ExecuteAsync(Actor actor, long requestId, CancellationToken cancellationToken) =>
        await StartRun.EnqueueAsync(databases, announcer, actor, requestId, "run.retried", DemandFailed, cancellationToken);

    private static void DemandFailed(EraseRequest request)
    {
        if (request.Status != RequestStatus.Failed)
            throw new IllegalMoveException($"Request {request.Id} is {request.Status.Describe()} and cannot be retried: it would have to be failed.");
    }
}
