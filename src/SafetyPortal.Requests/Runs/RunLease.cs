using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Runs;

/// <summary>What a worker does to a run. Its request moves along with it.</summary>
public sealed class RunLease(IDbContextFactory<PortalDb> databases) : WorkLease<Run>(databases)
{
    /// <summary>Stores progress and extends the lease. Returns whether the worker must stop.</summary>
    /// <inheritdoc cref="WorkLease{T}.RenewAsync"/>
    public Task<bool> ReportAsync(
        LeaseTicket ticket, RunStage stage, int step, int steps, string? message, string? previewDigest, CancellationToken cancellationToken) =>
        WriteAsync(ticket, (_, run, now) => run.Report(stage, step, steps, message, previewDigest, now), cancellationToken);

    /// <summary>Records a finished stage under the digest of its stored output. Returns whether the worker must stop.</summary>
    /// <inheritdoc cref="WorkLease{T}.RenewAsync"/>
    public Task<bool> FinishStageAsync(LeaseTicket ticket, RunStage stage, string artifactDigest, double seconds, CancellationToken cancellationToken) =>
        WriteAsync(
            ticket,
            (db, run, now) =>
            {
                if (run.Finish(stage, artifactDigest, seconds, now) is { } formerDigest)
                    db.Record(Worker, "run.stage-replaced", run.Subject, new { stage = stage.ToString(), artifactDigest, formerDigest });
                else
                    db.Record(Worker, "run.stage-finished", run.Subject, new { stage = stage.ToString(), artifactDigest });
            },
            cancellationToken);

    /// <summary>Ends the run with its evidence; the request awaits a decision. If a person cancelled before, ends it as cancelled and returns true.</summary>
    /// <inheritdoc cref="WorkLease{T}.RenewAsync"/>
    public Task<bool> CompleteAsync(LeaseTicket ticket, RunOutcome outcome, CancellationToken cancellationToken) => CompleteAsync(
        ticket,
        (run, now) =>
        {
            run.Complete(outcome, now);
            return outcome;
        },
        cancellationToken);

    private protected override IQueryable<Run> Whole(IQueryable<Run> works) => works.Include(run => run.Request).Include(run => run.StageResults);

    private protected override IQueryable<Run> InOrder(IQueryable<Run> queued) => queued.OrderByDescending(run => run.Request!.Priority).ThenBy(run => run.Id);
}
