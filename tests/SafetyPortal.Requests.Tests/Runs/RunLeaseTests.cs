using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Requests.Tests.Runs;

public class RunLeaseTests
{
    private static readonly RunOutcome Outcome = new(Portal.Digest('e'), Portal.Digest('b'), Portal.Digest('1'), Portal.Digest('2'), 0.05, GatesPassed: true);

    [Fact]
    public async Task Claim_QueuedRun_StartsItUnderTokenOneAndMovesTheRequest()
    {
        await using var portal = await Portal.CreateAsync();
        var (request, run) = await QueueAsync(portal);

        var ticket = await portal.Get<RunLease>().ClaimAsync(run.Id, "worker-1", default);

        ticket.ShouldBe(new LeaseTicket(run.Id, 1, "worker-1"));
        (await portal.LoadAsync(request.Id)).Status.ShouldBe(RequestStatus.Running);
    }

    [Fact]
    public async Task Claim_ByManyWorkersAtOnce_IsGivenToOne()
    {
        await using var portal = await Portal.CreateAsync();
        var (_, run) = await QueueAsync(portal);

        var tickets = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(() => portal.Get<RunLease>().ClaimAsync(run.Id, $"worker-{n}", default))));

        tickets.Count(ticket => ticket is not null).ShouldBe(1);
    }

    [Fact]
    public async Task Claim_LeaseStillHeld_GivesNothing_AndAfterItRanOut_ANewToken()
    {
        await using var portal = await Portal.CreateAsync();
        var (_, run) = await QueueAsync(portal);
        var lease = portal.Get<RunLease>();
        var first = (await lease.ClaimAsync(run.Id, "worker-1", default))!;
        (await lease.ClaimAsync(run.Id, "worker-2", default)).ShouldBeNull();

        portal.Clock.Advance(QueuedWork.LeaseDuration);
        var second = (await lease.ClaimAsync(run.Id, "worker-2", default))!;

        second.Token.ShouldBeGreaterThan(first.Token);
    }

    [Fact]
    public async Task EveryWrite_WithALostLease_ThrowsAndChangesNothing()
    {
        await using var portal = await Portal.CreateAsync();
        var (request, run) = await QueueAsync(portal);
        var lease = portal.Get<RunLease>();
        var stale = (await lease.ClaimAsync(run.Id, "worker-1", default))!;
        portal.Clock.Advance(QueuedWork.LeaseDuration);
        await lease.ClaimAsync(run.Id, "worker-2", default);
        var before = (await portal.ActionsAsync()).Count;
        Func<Task>[] writes =
        [
            () => lease.RenewAsync(stale, default),
            () => lease.ReportAsync(stale, RunStage.Attribute, 1, 2, null, null, default),
            () => lease.FinishStageAsync(stale, RunStage.Load, Portal.Digest('f'), 1, default),
            () => lease.CompleteAsync(stale, Outcome, default),
            () => lease.FailAsync(stale, "late", default),
            () => lease.CancelledAsync(stale, default),
        ];

        foreach (var write in writes)
            await Should.ThrowAsync<LeaseLostException>(write);

        (await portal.ActionsAsync()).Count.ShouldBe(before);
        (await portal.LoadAsync(request.Id)).CurrentRun!.LeaseOwner.ShouldBe("worker-2");
    }

    [Fact]
    public async Task Renew_InTime_KeepsTheLease()
    {
        await using var portal = await Portal.CreateAsync();
        var (_, run) = await QueueAsync(portal);
        var lease = portal.Get<RunLease>();
        var ticket = (await lease.ClaimAsync(run.Id, "worker-1", default))!;
        for (var n = 0; n < 10; n++)
        {
            portal.Clock.Advance(QueuedWork.LeaseDuration / 4);
            (await lease.RenewAsync(ticket, default)).ShouldBeFalse();
        }

        (await lease.ClaimAsync(run.Id, "worker-2", default)).ShouldBeNull();
    }

    [Fact]
    public async Task Report_ShowsStageStepAndPreview()
    {
        await using var portal = await Portal.CreateAsync();
        var (request, run) = await QueueAsync(portal);
        var ticket = (await portal.Get<RunLease>().ClaimAsync(run.Id, "worker-1", default))!;

        await portal.Get<RunLease>().ReportAsync(ticket, RunStage.Generate, 3, 16, "dose 0.05", Portal.Digest('9'), default);
        await portal.Get<RunLease>().ReportAsync(ticket, RunStage.Generate, 4, 16, "dose 0.05", null, default);

        var shown = (await portal.LoadAsync(request.Id)).CurrentRun!;
        (shown.Stage, shown.Step, shown.Steps, shown.Message, shown.PreviewDigest).ShouldBe((RunStage.Generate, 4, 16, "dose 0.05", Portal.Digest('9')));
    }

    [Theory]
    [InlineData(-1, 2)]
    [InlineData(3, 2)]
    public async Task Report_StepOutOfRange_Throws(int step, int steps)
    {
        await using var portal = await Portal.CreateAsync();
        var (_, run) = await QueueAsync(portal);
        var ticket = (await portal.Get<RunLease>().ClaimAsync(run.Id, "worker-1", default))!;

        await Should.ThrowAsync<ArgumentOutOfRangeException>(() => portal.Get<RunLease>().ReportAsync(ticket, RunStage.Load, step, steps, null, null, default));
    }

    [Fact]
    public async Task Recover_WorkerGone_RequeuesWithItsFinishedStages()
    {
        await using var portal = await Portal.CreateAsync();
        var (request, run) = await QueueAsync(portal);
        var lease = portal.Get<RunLease>();
        var old = (await lease.ClaimAsync(run.Id, "host:1", default))!;
        await lease.FinishStageAsync(old, RunStage.Load, Portal.Digest('4'), 1.5, default);
        await lease.FinishStageAsync(old, RunStage.Baseline, Portal.Digest('5'), 2.5, default);

        var queued = await lease.RecoverAsync(owner => owner == "host:1", default);

        queued.ShouldBe([run.Id]);
        await Should.ThrowAsync<LeaseLostException>(() => lease.RenewAsync(old, default));
        (await lease.ClaimAsync(run.Id, "host:2", default)).ShouldNotBeNull();
        await using var db = await portal.OpenAsync();
        var loaded = await db.Runs.Include(r => r.StageResults).SingleAsync(r => r.Id == run.Id);
        loaded.Stage.ShouldBe(RunStage.Attribute);
        loaded.StageResults.OrderBy(s => s.Stage).Select(s => s.ArtifactDigest).ShouldBe([Portal.Digest('4'), Portal.Digest('5')]);
        (await portal.LoadAsync(request.Id)).Status.ShouldBe(RequestStatus.Running);
    }

    [Fact]
    public async Task Recover_HealthyRun_LeavesItAlone()
    {
        await using var portal = await Portal.CreateAsync();
        var (_, run) = await QueueAsync(portal);
        var ticket = (await portal.Get<RunLease>().ClaimAsync(run.Id, "host:1", default))!;

        (await portal.Get<RunLease>().RecoverAsync(_ => false, default)).ShouldBeEmpty();

        await portal.Get<RunLease>().RenewAsync(ticket, default);
    }

    [Theory]
    [InlineData('4', 2)]
    [InlineData('6', 1)]
    public async Task FinishStage_MadeAgain_ReplacesTheResultAndThoseThatFollowedFromAnother(char digit, int left)
    {
        await using var portal = await Portal.CreateAsync();
        var (_, run) = await QueueAsync(portal);
        var lease = portal.Get<RunLease>();
        var ticket = (await lease.ClaimAsync(run.Id, "worker-1", default))!;
        await lease.FinishStageAsync(ticket, RunStage.Load, Portal.Digest('4'), 1, default);
        await lease.FinishStageAsync(ticket, RunStage.Baseline, Portal.Digest('5'), 1, default);

        await lease.FinishStageAsync(ticket, RunStage.Load, Portal.Digest(digit), 2, default);

        await using var db = await portal.OpenAsync();
        var results = await db.StageResults.Where(s => s.RunId == run.Id).OrderBy(s => s.Stage).ToListAsync();
        results.Count.ShouldBe(left);
        (results[0].Stage, results[0].ArtifactDigest, results[0].Seconds).ShouldBe((RunStage.Load, Portal.Digest(digit), 2));
        var last = await db.AuditEvents.OrderBy(e => e.Sequence).LastAsync();
        last.Action.ShouldBe("run.stage-replaced");
        last.Payload.ShouldContain($"\"formerDigest\":\"{Portal.Digest('4')}\"");
    }

    [Fact]
    public async Task Complete_AfterAPersonAskedToStop_EndsAsCancelled()
    {
        await using var portal = await Portal.CreateAsync();
        var (request, run) = await QueueAsync(portal);
        var ticket = (await portal.Get<RunLease>().ClaimAsync(run.Id, "worker-1", default))!;
        await portal.Get<CancelRun>().ExecuteAsync(portal.Reviewer, request.Id, default);

        (await portal.Get<RunLease>().CompleteAsync(ticket, Outcome, default)).ShouldBeTrue();

        var ended = await portal.LoadAsync(request.Id);
        (ended.Status, ended.CurrentRun!.Status, ended.CurrentRun.EvidenceDigest).ShouldBe((RequestStatus.Cancelled, RunStatus.Cancelled, null));
        (await portal.ActionsAsync())[^1].ShouldBe("run.cancelled");
    }

    [Fact]
    public async Task Complete_PutsTheRequestUpForDecisionWithItsEvidence()
    {
        await using var portal = await Portal.CreateAsync();

        var request = await portal.AwaitDecisionAsync();

        request.Status.ShouldBe(RequestStatus.AwaitingDecision);
        request.CurrentRun!.EvidenceDigest.ShouldBe(Portal.Digest('e'));
        request.CurrentRun.LeaseOwner.ShouldBeNull();
    }

    [Fact]
    public async Task Fail_ThenRetry_QueuesASecondAttempt()
    {
        await using var portal = await Portal.CreateAsync();
        var (request, run) = await QueueAsync(portal);
        var ticket = (await portal.Get<RunLease>().ClaimAsync(run.Id, "worker-1", default))!;
        await Should.ThrowAsync<IllegalMoveException>(() => portal.Get<StartRun>().ExecuteAsync(portal.Reviewer, request.Id, default));
        await portal.Get<RunLease>().FailAsync(ticket, "out of memory", default);
        (await portal.LoadAsync(request.Id)).StatusNote.ShouldBe("out of memory");

        var second = await portal.Get<StartRun>().ExecuteAsync(portal.Reviewer, request.Id, default);

        second.Attempt.ShouldBe(2);
        (await portal.LoadAsync(request.Id)).CurrentRunId.ShouldBe(second.Id);
    }

    [Fact]
    public async Task Cancel_RunAtWork_AsksTheWorkerWhoThenEndsIt()
    {
        await using var portal = await Portal.CreateAsync();
        var (request, run) = await QueueAsync(portal);
        var ticket = (await portal.Get<RunLease>().ClaimAsync(run.Id, "worker-1", default))!;

        await portal.Get<CancelRun>().ExecuteAsync(portal.Reviewer, request.Id, default);

        (await portal.LoadAsync(request.Id)).Status.ShouldBe(RequestStatus.Running);
        (await portal.Get<RunLease>().RenewAsync(ticket, default)).ShouldBeTrue();
        await portal.Get<RunLease>().CancelledAsync(ticket, default);
        (await portal.LoadAsync(request.Id)).Status.ShouldBe(RequestStatus.Cancelled);
    }

    [Fact]
    public async Task Cancel_QueuedRun_EndsBothAtOnceAndNobodyCanClaimIt()
    {
        await using var portal = await Portal.CreateAsync();
        var (request, run) = await QueueAsync(portal);

        await portal.Get<CancelRun>().ExecuteAsync(portal.Administrator, request.Id, default);

        (await portal.LoadAsync(request.Id)).Status.ShouldBe(RequestStatus.Cancelled);
        (await portal.Get<RunLease>().ClaimAsync(run.Id, "worker-1", default)).ShouldBeNull();
    }

    [Fact]
    public async Task Cancel_BySomeoneWithoutPart_IsRefused()
    {
        await using var portal = await Portal.CreateAsync();
        var (request, _) = await QueueAsync(portal);

        await Should.ThrowAsync<NotAllowedException>(() => portal.Get<CancelRun>().ExecuteAsync(portal.Approver, request.Id, default));
    }

    [Fact]
    public async Task StartRun_AnnouncesTheRunOnceItIsSaved()
    {
        await using var portal = await Portal.CreateAsync();
        var heard = new List<long>();
        portal.Get<RunAnnouncer>().Queued += work => heard.Add(work.Id);

        var (_, run) = await QueueAsync(portal);

        heard.ShouldBe([run.Id]);
    }

    private static async Task<(EraseRequest Request, Run Run)> QueueAsync(Portal portal)
    {
        var request = await portal.SubmitAsync();
        return (request, await portal.Get<StartRun>().ExecuteAsync(portal.Reviewer, request.Id, default));
    }
}
