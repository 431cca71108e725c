using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Runs;

/// <summary>Proof that a worker holds a run: every write names it.</summary>
public sealed record RunTicket(long RunId, long Token, string Owner);

/// <summary>The ticket is no longer valid: another worker took the run over, or it ended. The worker stops without writing anything more.</summary>
public sealed class LeaseLostException(string message) : InvalidOperationException(message);

/// <summary>
/// What a worker does to a run, as state transitions. Each write happens in one serialised transaction and only while the ticket's
/// token is the run's; nothing rests on a job being started only once.
/// </summary>
public sealed class RunLease(IDbContextFactory<PortalDb> databases, TimeProvider time, RunAnnouncer announcer)
{
    /// <summary>How long a lease lasts without a renewal.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(45);

    /// <summary>Takes a queued run, or one whose lease ran out. Null when it ended or another worker holds it.</summary>
    public async Task<RunTicket?> ClaimAsync(long runId, string owner, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(owner);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var write = await db.BeginWriteAsync(cancellationToken);
        var now = time.GetUtcNow();
        var run = await LoadAsync(db, runId, cancellationToken);
        if (run.Status == RunStatus.Running && run.LeaseExpiresAt <= now)
            run.Recover();
        if (run.Status != RunStatus.Queued)
            return null;

        run.Claim(owner, Duration, now);
        if (run.Request!.Status == RequestStatus.Queued)
            run.Request.Begin(now);
        db.Record(Actor.System("worker"), "run.claimed", Subject(run), new { owner, token = run.Token, stage = run.Stage.ToString() });
        await write.CommitAsync(cancellationToken);
        announcer.AnnounceChanged(run.Id);
        return new RunTicket(run.Id, run.Token, owner);
    }

    /// <summary>Extends the lease; true when a person asked to stop.</summary>
    /// <exception cref="LeaseLostException">The ticket is no longer valid.</exception>
    public async Task<bool> RenewAsync(RunTicket ticket, CancellationToken cancellationToken) =>
        await WriteAsync(ticket, (_, run, now) => run.Renew(Duration, now), cancellationToken);

    /// <summary>Shows progress and extends the lease; true when a person asked to stop.</summary>
    /// <inheritdoc cref="RenewAsync"/>
    public async Task<bool> ReportAsync(
        RunTicket ticket, RunStage stage, int step, int steps, string? message, string? previewDigest, CancellationToken cancellationToken) =>
        await WriteAsync(
            ticket,
            (_, run, now) =>
            {
                run.Report(stage, step, steps, message, previewDigest, now);
                run.Renew(Duration, now);
            },
            cancellationToken);

    /// <summary>Records a finished stage under the digest of its stored output; true when a person asked to stop.</summary>
    /// <inheritdoc cref="RenewAsync"/>
    public async Task<bool> FinishStageAsync(RunTicket ticket, RunStage stage, string artifactDigest, double seconds, CancellationToken cancellationToken) =>
        await WriteAsync(
            ticket,
            (db, run, now) =>
            {
                var former = run.Finish(stage, artifactDigest, seconds, now);
                run.Renew(Duration, now);
                if (former is null)
                    db.Record(Actor.System("worker"), "run.stage-finished", Subject(run), new { stage = stage.ToString(), artifactDigest });
                else
                    db.Record(Actor.System("worker"), "run.stage-replaced", Subject(run), new { stage = stage.ToString(), artifactDigest, formerDigest = former });
            },
            cancellationToken);

    /// <summary>Ends the run with its evidence and puts the request up for decision. When a person asked to stop before, it ends as cancelled instead; then true.</summary>
    /// <inheritdoc cref="RenewAsync"/>
    public async Task<bool> CompleteAsync(RunTicket ticket, RunOutcome outcome, CancellationToken cancellationToken) =>
        await WriteAsync(
            ticket,
            (db, run, now) =>
            {
                if (run.CancelRequested)
                {
                    Cancel(db, run, now);
                    return;
                }
                run.Complete(outcome, now);
                run.Request!.AwaitDecision(now);
                db.Record(Actor.System("worker"), "run.completed", Subject(run), outcome);
            },
            cancellationToken);

    /// <summary>Ends the run with an error the user can read; the request can be retried.</summary>
    /// <inheritdoc cref="RenewAsync"/>
    public async Task FailAsync(RunTicket ticket, string error, CancellationToken cancellationToken) =>
        await WriteAsync(
            ticket,
            (db, run, now) =>
            {
                run.Fail(error, now);
                run.Request!.Fail(error, now);
                db.Record(Actor.System("worker"), "run.failed", Subject(run), new { error });
            },
            cancellationToken);

    /// <summary>Ends the run because a person asked to stop; what was finished stays stored.</summary>
    /// <inheritdoc cref="RenewAsync"/>
    public async Task CancelledAsync(RunTicket ticket, CancellationToken cancellationToken) =>
        await WriteAsync(ticket, Cancel, cancellationToken);

    /// <summary>
    /// Puts runs whose worker is lost back into the queue and returns every queued run, the most urgent first.
    /// A worker is lost when its lease ran out or <paramref name="ownerIsGone"/> says so (a process that no longer exists on this machine).
    /// </summary>
    public async Task<IReadOnlyList<long>> RecoverAsync(Predicate<string>? ownerIsGone, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var write = await db.BeginWriteAsync(cancellationToken);
        var now = time.GetUtcNow();
        var running = await db.Runs.Include(run => run.Request).Where(run => run.Status == RunStatus.Running).ToListAsync(cancellationToken);
        foreach (var run in running.Where(run => run.LeaseExpiresAt <= now || (run.LeaseOwner is { } owner && ownerIsGone?.Invoke(owner) == true)))
        {
            var owner = run.LeaseOwner;
            run.Recover();
            db.Record(Actor.System("worker"), "run.recovered", Subject(run), new { lostOwner = owner, stage = run.Stage.ToString() });
        }
        await write.CommitAsync(cancellationToken);
        return await db.Runs.Where(run => run.Status == RunStatus.Queued)
            .OrderByDescending(run => run.Request!.Priority).ThenBy(run => run.Id)
            .Select(run => run.Id).ToListAsync(cancellationToken);
    }

    internal static string Subject(Run run) => $"request/{run.RequestId}/run/{run.Id}";

    private static void Cancel(PortalDb db, Run run, DateTimeOffset now)
    {
        run.Cancel(now);
        run.Request!.Cancel(now);
        db.Record(Actor.System("worker"), "run.cancelled", Subject(run), new { stage = run.Stage.ToString() });
    }

    private async Task<bool> WriteAsync(RunTicket ticket, Action<PortalDb, Run, DateTimeOffset> change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var write = await db.BeginWriteAsync(cancellationToken);
        var run = await LoadAsync(db, ticket.RunId, cancellationToken);
        if (run.Token != ticket.Token || run.Status != RunStatus.Running)
        {
            throw new LeaseLostException(
                $"Run {run.Id} is no longer held by {ticket.Owner}: the ticket has token {ticket.Token}, the run is {run.Status.ToString().ToLowerInvariant()} with token {run.Token}.");
        }
        change(db, run, time.GetUtcNow());
        await write.CommitAsync(cancellationToken);
        announcer.AnnounceChanged(run.Id);
        return run.CancelRequested;
    }

    private static async Task<Run> LoadAsync(PortalDb db, long runId, CancellationToken cancellationToken) =>
        await db.Runs.Include(run => run.Request).Include(run => run.StageResults).SingleOrDefaultAsync(run => run.Id == runId, cancellationToken)
        ?? throw new NotFoundException($"There is no run {runId}.");
}
