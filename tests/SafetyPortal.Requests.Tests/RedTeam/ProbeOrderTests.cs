using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.RedTeam;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Requests.Tests.RedTeam;

public class ProbeOrderTests : PortalTest
{
    private const string Reason = "Before the release to the public.";

    [Fact]
    public async Task Order_ByAnAdministrator_PinsThePatchAndIsInTheHistory()
    {
        var request = await AwaitDecisionAsync();

        var order = await OrderAsync(request, Administrator, ProbeCodes.Amplification, ProbeCodes.Noise);

        order.Status.ShouldBe(RunStatus.Queued);
        order.Probes.ShouldBe([ProbeCodes.Noise, ProbeCodes.Amplification]);
        (order.RunId, order.PatchDigest).ShouldBe((request.CurrentRun!.Id, request.CurrentRun.PatchDigest!));
        var entry = (await Get<AuditQueries>().TimelineAsync(request.Id, 1, default))[0];
        (entry.Action, entry.Subject, entry.ActorId).ShouldBe(("red-team.ordered", $"request/{request.Id}/red-team/{order.Id}", Administrator.Id));
        entry.Payload.ShouldContain(Reason);
    }

    [Fact]
    public async Task Order_ByOthers_IsRefused()
    {
        var request = await AwaitDecisionAsync();

        foreach (var actor in new[] { Reviewer, Approver, Auditor, Actor.System("worker") })
            await Should.ThrowAsync<NotAllowedException>(OrderAsync(request, actor, ProbeCodes.Noise));

        (await ActionsAsync()).ShouldNotContain("red-team.ordered");
    }

    [Fact]
    public async Task Order_WithoutAFinishedRun_IsRefused()
    {
        var request = await SubmitAsync();
        await Get<StartRun>().ExecuteAsync(Reviewer, request.Id, default);

        var refusal = await Should.ThrowAsync<IllegalMoveException>(OrderAsync(request, Administrator, ProbeCodes.Noise));

        refusal.Message.ShouldContain("no finished run");
    }

    [Fact]
    public async Task Order_WhileOneIsOpen_IsRefusedUntilThatIsCancelled()
    {
        var request = await AwaitDecisionAsync();
        var first = await OrderAsync(request, Administrator, ProbeCodes.Noise);

        await Should.ThrowAsync<IllegalMoveException>(OrderAsync(request, Administrator, ProbeCodes.Revival));
        await Should.ThrowAsync<NotAllowedException>(Get<CancelProbes>().ExecuteAsync(Approver, first.Id, default));
        await Get<CancelProbes>().ExecuteAsync(Administrator, first.Id, default);

        (await OrderAsync(request, Administrator, ProbeCodes.Revival)).Id.ShouldNotBe(first.Id);
        (await Get<ProbeOrderLease>().ClaimAsync(first.Id, "worker-1", default)).ShouldBeNull();
    }

    [Theory]
    [InlineData("", "at least one")]
    [InlineData("noise,Revival", "got \"Revival\"")]
    public void Problems_OfTheChoice_AreNamed(string probes, string expected) =>
        OrderProbes.Problems(probes.Split(',', StringSplitOptions.RemoveEmptyEntries), ProbeBudget.Small, Reason)
            .ShouldHaveSingleItem().Message.ShouldContain(expected);

    [Theory]
    [InlineData(null)]
    [InlineData("too short")]
    [InlineData("              ")]
    public void Problems_OfTheReason_AreNamed(string? reason) =>
        OrderProbes.Problems([ProbeCodes.Noise], (ProbeBudget)7, reason).Select(p => p.Field).ShouldBe(["budget", "reason"]);

    [Fact]
    public async Task Lease_OfALostWorker_GoesToTheNextAndTheFirstWritesNothingMore()
    {
        var order = await OrderAsync(await AwaitDecisionAsync(), Administrator, ProbeCodes.Noise);
        var leases = Get<ProbeOrderLease>();
        var lost = await leases.ClaimAsync(order.Id, "worker-1", default);
        (await leases.ReportAsync(lost!, ProbeCodes.Noise, 10, 100, default)).ShouldBeFalse();
        (await leases.RecoverAsync(null, default)).ShouldBeEmpty();

        Clock.Advance(QueuedWork.LeaseDuration);

        (await leases.RecoverAsync(null, default)).ShouldBe([order.Id]);
        var next = await leases.ClaimAsync(order.Id, "worker-2", default);
        await Should.ThrowAsync<LeaseLostException>(leases.CompleteAsync(lost!, Digest('d'), default));
        await Get<CancelProbes>().ExecuteAsync(Administrator, order.Id, default);
        (await leases.RenewAsync(next!, default)).ShouldBeTrue();
        await leases.CancelledAsync(next!, default);
        (await ActionsAsync()).TakeLast(4).ShouldBe(["red-team.recovered", "red-team.claimed", "red-team.cancel-requested", "red-team.cancelled"]);
    }

    [Fact]
    public async Task Queries_OfAFinishedOrder_ShowEachPersonWhatTheyMaySee()
    {
        var request = await AwaitDecisionAsync();
        var order = await FinishedAsync(request);
        var queries = Get<ProbeOrderQueries>();

        var approver = (await queries.ListAsync(Approver, request.Id, default)).ShouldHaveSingleItem();
        var auditor = (await queries.ListAsync(Auditor, request.Id, default)).ShouldHaveSingleItem();

        (approver.Findings!.Probes.Single().Code, approver.Hidden).ShouldBe((ProbeCodes.Noise, 1));
        (auditor.Findings!.Probes.Count, auditor.Hidden).ShouldBe((2, 0));
        (await queries.FindAsync(Reviewer, order.Id, default))!.Findings!.Probes.ShouldNotContain(probe => probe.Code == ProbeCodes.Revival);
        (await queries.FindAsync(Administrator, order.Id, default))!.Findings!.Probes.ShouldContain(probe => probe.Code == ProbeCodes.Revival);
        (await Get<AuditVerifier>().ExecuteAsync(default)).Sound.ShouldBeTrue();
    }

    private Task<ProbeOrder> OrderAsync(EraseRequest request, Actor actor, params string[] probes) =>
        Get<OrderProbes>().ExecuteAsync(actor, request.Id, probes, ProbeBudget.Small, Reason, default);

    private async Task<ProbeOrder> FinishedAsync(EraseRequest request)
    {
        var order = await OrderAsync(request, Administrator, ProbeCodes.Noise, ProbeCodes.Revival);
        var ticket = await Get<ProbeOrderLease>().ClaimAsync(order.Id, "worker-1", default);
        var report = new ProbeReport(
            ProbeReport.CurrentSchema, request.Id, order.RunId, Digest('e'), Digest('a'), order.PatchDigest,
            new("1.0", "2.10.0", "cpu", 2, "float32"),
            new RedTeamEvidence("small", 7, [ProbeAccessTests.Probe(ProbeCodes.Noise), ProbeAccessTests.Probe(ProbeCodes.Revival)]));
        await Get<ProbeOrderLease>().CompleteAsync(ticket!, await Get<IArtifactStore>().PutAsync(report.ToBytes(), default), default);
        return order;
    }
}
