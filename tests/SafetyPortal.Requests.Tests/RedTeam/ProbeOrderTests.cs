using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.RedTeam;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Requests.Tests.RedTeam;

public class ProbeOrderTests
{
    private const string Reason = "Before the release to the public.";

    [Fact]
    public async Task Order_ByAnAdministrator_PinsThePatchAndIsInTheHistory()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();

        var order = await OrderAsync(portal, request, portal.Administrator, ProbeCodes.Amplification, ProbeCodes.Noise);

        order.Status.ShouldBe(RunStatus.Queued);
        order.Probes.ShouldBe([ProbeCodes.Noise, ProbeCodes.Amplification]);
        (order.RunId, order.PatchDigest).ShouldBe((request.CurrentRun!.Id, request.CurrentRun.PatchDigest!));
        var entry = (await portal.Get<AuditQueries>().TimelineAsync(request.Id, 1, default))[0];
        (entry.Action, entry.Subject, entry.ActorId).ShouldBe(("red-team.ordered", $"request/{request.Id}/red-team/{order.Id}", portal.Administrator.Id));
        entry.Payload.ShouldContain(Reason);
    }

    [Fact]
    public async Task Order_ByAnyoneElse_IsRefused()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();

        foreach (var actor in new[] { portal.Reviewer, portal.Approver, portal.Auditor, Actor.System("worker") })
            await Should.ThrowAsync<NotAllowedException>(OrderAsync(portal, request, actor, ProbeCodes.Noise));

        (await portal.ActionsAsync()).ShouldNotContain("red-team.ordered");
    }

    [Fact]
    public async Task Order_WithoutAFinishedRun_IsRefused()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.SubmitAsync();
        await portal.Get<StartRun>().ExecuteAsync(portal.Reviewer, request.Id, default);

        var refusal = await Should.ThrowAsync<IllegalMoveException>(OrderAsync(portal, request, portal.Administrator, ProbeCodes.Noise));

        refusal.Message.ShouldContain("no finished run");
    }

    [Fact]
    public async Task Order_WhileOneIsOpen_IsRefusedUntilThatIsCancelled()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();
        var first = await OrderAsync(portal, request, portal.Administrator, ProbeCodes.Noise);

        await Should.ThrowAsync<IllegalMoveException>(OrderAsync(portal, request, portal.Administrator, ProbeCodes.Revival));
        await Should.ThrowAsync<NotAllowedException>(portal.Get<CancelProbes>().ExecuteAsync(portal.Approver, first.Id, default));
        await portal.Get<CancelProbes>().ExecuteAsync(portal.Administrator, first.Id, default);

        (await OrderAsync(portal, request, portal.Administrator, ProbeCodes.Revival)).Id.ShouldNotBe(first.Id);
        (await portal.Get<ProbeOrderLease>().ClaimAsync(first.Id, "worker-1", default)).ShouldBeNull();
    }

    [Theory]
    [InlineData("", "at least one")]
    [InlineData("noise,Revival", "got \"Revival\"")]
    public void Problems_OfTheChoice_AreNamed(string probes, string expected) =>
        OrderProbes.Problems(probes.Split(',', StringSplitOptions.RemoveEmptyEntries), ProbeBudget.Small, Reason).ShouldHaveSingleItem().Message.ShouldContain(expected);

    [Theory]
    [InlineData(null)]
    [InlineData("too short")]
    [InlineData("              ")]
    public void Problems_OfTheReason_AreNamed(string? reason) =>
        OrderProbes.Problems([ProbeCodes.Noise], (ProbeBudget)7, reason).Select(p => p.Field).ShouldBe(["budget", "reason"]);

    [Fact]
    public async Task Lease_OfALostWorker_GoesToTheNextAndTheFirstWritesNothingMore()
    {
        await using var portal = await Portal.CreateAsync();
        var order = await OrderAsync(portal, await portal.AwaitDecisionAsync(), portal.Administrator, ProbeCodes.Noise);
        var leases = portal.Get<ProbeOrderLease>();
        var lost = await leases.ClaimAsync(order.Id, "worker-1", default);
        (await leases.ReportAsync(lost!, ProbeCodes.Noise, 10, 100, default)).ShouldBeFalse();
        (await leases.RecoverAsync(null, default)).ShouldBeEmpty();

        portal.Clock.Advance(QueuedWork.LeaseDuration);

        (await leases.RecoverAsync(null, default)).ShouldBe([order.Id]);
        var next = await leases.ClaimAsync(order.Id, "worker-2", default);
        await Should.ThrowAsync<LeaseLostException>(leases.CompleteAsync(lost!, Portal.Digest('d'), default));
        await portal.Get<CancelProbes>().ExecuteAsync(portal.Administrator, order.Id, default);
        (await leases.RenewAsync(next!, default)).ShouldBeTrue();
        await leases.CancelledAsync(next!, default);
        (await portal.ActionsAsync()).TakeLast(4).ShouldBe(["red-team.recovered", "red-team.claimed", "red-team.cancel-requested", "red-team.cancelled"]);
    }

    [Fact]
    public async Task Queries_OfAFinishedOrder_ShowEachPersonWhatTheyMaySee()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();
        var order = await FinishedAsync(portal, request);
        var queries = portal.Get<ProbeOrderQueries>();

        var approver = (await queries.ListAsync(portal.Approver, request.Id, default)).ShouldHaveSingleItem();
        var auditor = (await queries.ListAsync(portal.Auditor, request.Id, default)).ShouldHaveSingleItem();

        (approver.Findings!.Probes.Single().Code, approver.Hidden).ShouldBe((ProbeCodes.Noise, 1));
        (auditor.Findings!.Probes.Count, auditor.Hidden).ShouldBe((2, 0));
        (await queries.FindAsync(portal.Reviewer, order.Id, default))!.Findings!.Probes.ShouldNotContain(probe => probe.Code == ProbeCodes.Revival);
        (await queries.FindAsync(portal.Administrator, order.Id, default))!.Findings!.Probes.ShouldContain(probe => probe.Code == ProbeCodes.Revival);
        (await portal.Get<AuditVerifier>().ExecuteAsync(default)).Sound.ShouldBeTrue();
    }

    private static Task<ProbeOrder> OrderAsync(Portal portal, EraseRequest request, Actor actor, params string[] probes) =>
        portal.Get<OrderProbes>().ExecuteAsync(actor, request.Id, probes, ProbeBudget.Small, Reason, default);

    private static async Task<ProbeOrder> FinishedAsync(Portal portal, EraseRequest request)
    {
        var order = await OrderAsync(portal, request, portal.Administrator, ProbeCodes.Noise, ProbeCodes.Revival);
        var ticket = await portal.Get<ProbeOrderLease>().ClaimAsync(order.Id, "worker-1", default);
        var report = new ProbeReport(
            ProbeReport.CurrentSchema, request.Id, order.RunId, Portal.Digest('e'), Portal.Digest('a'), order.PatchDigest, new("1.0", "1.13.1", "cpu", 2, "float32"),
            new RedTeamEvidence("small", 7, [ProbeAccessTests.Probe(ProbeCodes.Noise), ProbeAccessTests.Probe(ProbeCodes.Revival)]));
        await portal.Get<ProbeOrderLease>().CompleteAsync(ticket!, await portal.Get<IArtifactStore>().PutAsync(report.ToBytes(), default), default);
        return order;
    }
}
