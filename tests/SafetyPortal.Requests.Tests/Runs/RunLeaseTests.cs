using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Requests.Tests.Runs;

public class RunLeaseTests : PortalTest
{
    private static readonly RunOutcome Outcome = new(Digest('e'), Digest('b'), Digest('1'), Digest('2'), 0.05, GatesPassed: true);

    private readonly List<long> announced = [];
    private long requestId;
    private long runId;

    private RunLease Lease => Get<RunLease>();

    /// <summary>Queues a run.</summary>
    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Get<RunAnnouncer>().Queued += work => announced.Add(work.Id);
        requestId = (await SubmitAsync()).Id;
        runId = (await Get<StartRun>().ExecuteAsync(Reviewer, requestId, default)).Id;
    }

    [Fact]
    public async Task Claim_QueuedRun_StartsItUnderTokenOneAndMovesTheRequest()
    {
        (await ClaimAsync("worker-1")).ShouldBe(new LeaseTicket(runId, 1, "worker-1"));

        (await LoadAsync(requestId)).Status.ShouldBe(RequestStatus.Running);
    }

    [Fact]
    public async Task Claim_ByManyWorkersAtOnce_IsGivenToOne()
    {
        var tickets = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(() => Lease.ClaimAsync(runId, $"worker-{n}", default))));

        tickets.Count(ticket => ticket is not null).ShouldBe(1);
    }

    [Fact]
    public async Task Claim_LeaseStillHeld_GivesNothing_AndAfterItRanOut_ANewToken()
    {
        var first = await ClaimAsync("worker-1");
        (await Lease.ClaimAsync(runId, "worker-2", default)).ShouldBeNull();

        Clock.Advance(QueuedWork.LeaseDuration);

        (await ClaimAsync("worker-2")).Token.ShouldBeGreaterThan(first.Token);
    }

    [Fact]
    public async Task EveryWrite_WithALostLease_ThrowsAndChangesNothing()
    {
        var stale = await ClaimAsync("worker-1");
        Clock.Advance(QueuedWork.LeaseDuration);
        await ClaimAsync("worker-2");
        var before = await ActionsAsync();
        Func<Task>[] writes =
        [
            () => Lease.RenewAsync(stale, default),
            () => Lease.ReportAsync(stale, RunStage.Attribute, 1, 2, null, null, default),
            () => Lease.FinishStageAsync(stale, RunStage.Load, Digest('f'), 1, default),
            () => Lease.CompleteAsync(stale, Outcome, default),
            () => Lease.FailAsync(stale, "late", default),
            () => Lease.CancelledAsync(stale, default),
        ];

        foreach (var write in writes)
            await Should.ThrowAsync<LeaseLostException>(write);

        (await ActionsAsync()).ShouldBe(before);
        (await LoadAsync(requestId)).CurrentRun!.LeaseOwner.ShouldBe("worker-2");
    }

    [Fact]
    public async Task Renew_InTime_KeepsTheLease()
    {
        var ticket = await ClaimAsync("worker-1");
        for (var n = 0; n < 10; n++)
        {
            Clock.Advance(QueuedWork.LeaseDuration / 4);
            (await Lease.RenewAsync(ticket, default)).ShouldBeFalse();
        }

        (await Lease.ClaimAsync(runId, "worker-2", default)).ShouldBeNull();
    }

    [Fact]
    public async Task Report_ShowsStageStepAndPreview()
    {
        var ticket = await ClaimAsync("worker-1");

        await Lease.ReportAsync(ticket, RunStage.Generate, 3, 16, "dose 0.05", Digest('9'), default);
        await Lease.ReportAsync(ticket, RunStage.Generate, 4, 16, "dose 0.05", null, default);

        var shown = (await LoadAsync(requestId)).CurrentRun!;
        (shown.Stage, shown.Step, shown.Steps, shown.Message, shown.PreviewDigest).ShouldBe((RunStage.Generate, 4, 16, "dose 0.05", Digest('9')));
    }

    [Theory]
    [InlineData(-1, 2)]
    [InlineData(3, 2)]
    public async Task Report_StepOutOfRange_Throws(int step, int steps)
    {
        var ticket = await ClaimAsync("worker-1");

        await Should.ThrowAsync<ArgumentOutOfRangeException>(Lease.ReportAsync(ticket, RunStage.Load, step, steps, null, null, default));
    }

    [Fact]
    public async Task Recover_WorkerGone_RequeuesWithItsFinishedStages()
    {
        var old = await ClaimAsync("host:1");
        await Lease.FinishStageAsync(old, RunStage.Load, Digest('4'), 1.5, default);
        await Lease.FinishStageAsync(old, RunStage.Baseline, Digest('5'), 2.5, default);

        (await Lease.RecoverAsync(owner => owner == "host:1", default)).ShouldBe([runId]);

        await Should.ThrowAsync<LeaseLostException>(Lease.RenewAsync(old, default));
        await ClaimAsync("host:2");
        await using var db = await OpenAsync();
        var loaded = await db.Runs.Include(r => r.StageResults).SingleAsync(r => r.Id == runId);
        loaded.Stage.ShouldBe(RunStage.Attribute);
        loaded.StageResults.OrderBy(s => s.Stage).Select(s => s.ArtifactDigest).ShouldBe([Digest('4'), Digest('5')]);
        (await LoadAsync(requestId)).Status.ShouldBe(RequestStatus.Running);
    }

    [Fact]
    public async Task Recover_HealthyRun_LeavesItAlone()
    {
        var ticket = await ClaimAsync("host:1");

        (await Lease.RecoverAsync(_ => false, default)).ShouldBeEmpty();

        await Lease.RenewAsync(ticket, default);
    }

    [Theory]
    [InlineData('4', 2)]
    [InlineData('6', 1)]
    public async Task FinishStage_MadeAgain_ReplacesTheResultAndThoseThatFollowedFromAnother(char digit, int left)
    {
        var ticket = await ClaimAsync("worker-1");
        await Lease.FinishStageAsync(ticket, RunStage.Load, Digest('4'), 1, default);
        await Lease.FinishStageAsync(ticket, RunStage.Baseline, Digest('5'), 1, default);

        await Lease.FinishStageAsync(ticket, RunStage.Load, Digest(digit), 2, default);

        await using var db = await OpenAsync();
        var results = await db.StageResults.Where(s => s.RunId == runId).OrderBy(s => s.Stage).ToListAsync();
        results.Count.ShouldBe(left);
        (results[0].Stage, results[0].ArtifactDigest, results[0].Seconds).ShouldBe((RunStage.Load, Digest(digit), 2));
        var last = await db.AuditEvents.OrderBy(e => e.Sequence).LastAsync();
        last.Action.ShouldBe("run.stage-replaced");
        last.Payload.ShouldContain($"\"formerDigest\":\"{Digest('4')}\"");
    }

    [Fact]
    public async Task Complete_AfterAPersonCancelled_EndsAsCancelled()
    {
        var ticket = await ClaimAsync("worker-1");
        await Get<CancelRun>().ExecuteAsync(Reviewer, requestId, default);

        (await Lease.CompleteAsync(ticket, Outcome, default)).ShouldBeTrue();

        var ended = await LoadAsync(requestId);
        (ended.Status, ended.CurrentRun!.Status, ended.CurrentRun.EvidenceDigest).ShouldBe((RequestStatus.Cancelled, RunStatus.Cancelled, null));
        (await ActionsAsync())[^1].ShouldBe("run.cancelled");
    }

    [Fact]
    public async Task Complete_WithEvidence_PutsTheRequestUpForDecision()
    {
        await Lease.CompleteAsync(await ClaimAsync("worker-1"), Outcome, default);

        var request = await LoadAsync(requestId);
        (request.Status, request.CurrentRun!.EvidenceDigest, request.CurrentRun.LeaseOwner).ShouldBe((RequestStatus.AwaitingDecision, Digest('e'), null));
    }

    [Fact]
    public async Task Fail_ThenRetry_QueuesASecondAttempt()
    {
        var ticket = await ClaimAsync("worker-1");
        await Should.ThrowAsync<IllegalMoveException>(Get<StartRun>().ExecuteAsync(Reviewer, requestId, default));
        await Lease.FailAsync(ticket, "out of memory", default);
        (await LoadAsync(requestId)).StatusNote.ShouldBe("out of memory");

        var second = await Get<StartRun>().ExecuteAsync(Reviewer, requestId, default);

        second.Attempt.ShouldBe(2);
        (await LoadAsync(requestId)).CurrentRunId.ShouldBe(second.Id);
        (await ActionsAsync())[^1].ShouldBe("run.retried");
    }

    [Fact]
    public async Task Cancel_RunAtWork_AsksTheWorkerWhoThenEndsIt()
    {
        var ticket = await ClaimAsync("worker-1");

        await Get<CancelRun>().ExecuteAsync(Reviewer, requestId, default);

        (await LoadAsync(requestId)).Status.ShouldBe(RequestStatus.Running);
        (await Lease.RenewAsync(ticket, default)).ShouldBeTrue();
        await Lease.CancelledAsync(ticket, default);
        (await LoadAsync(requestId)).Status.ShouldBe(RequestStatus.Cancelled);
    }

    [Fact]
    public async Task Cancel_QueuedRun_EndsBothAtOnceAndNoWorkerCanClaimIt()
    {
        await Get<CancelRun>().ExecuteAsync(Administrator, requestId, default);

        (await LoadAsync(requestId)).Status.ShouldBe(RequestStatus.Cancelled);
        (await Lease.ClaimAsync(runId, "worker-1", default)).ShouldBeNull();
    }

    [Fact]
    public async Task Cancel_BySomeoneWithoutPart_IsRefused() =>
        await Should.ThrowAsync<NotAllowedException>(Get<CancelRun>().ExecuteAsync(Approver, requestId, default));

    [Fact]
    public void StartRun_SavedRun_IsAnnounced() => announced.ShouldBe([runId]);

    private async Task<LeaseTicket> ClaimAsync(string owner) => (await Lease.ClaimAsync(runId, owner, default)).ShouldNotBeNull();
}
