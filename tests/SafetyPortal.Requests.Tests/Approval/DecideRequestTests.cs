using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Requests.Tests.Approval;

public class DecideRequestTests
{
    private static readonly string Evidence = Portal.Digest('e');

    [Fact]
    public async Task Approve_ByApprover_ApprovesAndRecordsDecisionAndEvent()
    {
        await using var portal = await Portal.CreateAsync();

        var request = await portal.ApproveAsync();

        request.Status.ShouldBe(RequestStatus.Approved);
        var details = await portal.Get<RequestQueries>().GetAsync(portal.Auditor.Id, request.Id, default);
        details!.Decisions.ShouldHaveSingleItem().EvidenceDigest.ShouldBe(Evidence);
        (await portal.ActionsAsync())[^1].ShouldBe("decision.approved");
    }

    [Fact]
    public async Task Approve_ByRequesterWhoIsAlsoApprover_IsDeniedAndTheAttemptIsInTheHistory()
    {
        await using var portal = await Portal.CreateAsync();
        await GiveRoleAsync(portal, portal.Reviewer, Roles.Approver);
        var request = await portal.AwaitDecisionAsync();

        (await DenyAsync(portal, portal.Reviewer, request.Id)).ShouldBe("own-request");

        (await portal.LoadAsync(request.Id)).Status.ShouldBe(RequestStatus.AwaitingDecision);
        (await portal.ActionsAsync())[^1].ShouldBe("decision.denied");
    }

    [Fact]
    public async Task Approve_ByAdministrator_IsDenied()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();

        (await DenyAsync(portal, portal.Administrator, request.Id)).ShouldBe("not-approver");
    }

    [Fact]
    public async Task Approve_RoleTakenAwaySinceSignIn_IsDenied()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();
        await portal.ExecuteSqlAsync("DELETE FROM AspNetUserRoles");

        (await DenyAsync(portal, portal.Approver, request.Id)).ShouldBe("not-approver");
    }

    [Fact]
    public async Task Approve_SixMinutesAfterSignIn_IsDenied()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();
        portal.Clock.Advance(TimeSpan.FromMinutes(6));

        (await DenyAsync(portal, portal.Approver, request.Id)).ShouldBe("stale-sign-in");
    }

    [Fact]
    public async Task Approve_Nudity_TakesTwoDifferentApprovers()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync(ConceptKind.Nudity, "nudity");
        var decide = portal.Get<DecideRequest>();

        (await decide.ExecuteAsync(portal.Approver, request.Id, new(DecisionKind.Approve, Evidence), default)).Status.ShouldBe(RequestStatus.AwaitingDecision);
        (await DenyAsync(portal, portal.Approver, request.Id)).ShouldBe("already-approved");
        (await decide.ExecuteAsync(portal.Approver2, request.Id, new(DecisionKind.Approve, Evidence), default)).Status.ShouldBe(RequestStatus.Approved);
    }

    [Fact]
    public async Task Approve_GatesFailed_NeedsAnotherApproversWaiver()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync(gatesPassed: false);
        (await DenyAsync(portal, portal.Approver, request.Id)).ShouldBe("gates-failed");

        await portal.Get<GrantWaiver>().ExecuteAsync(portal.Approver2, request.Id, Evidence, "The judge mistakes towers for churches.", default);

        (await DenyAsync(portal, portal.Approver2, request.Id)).ShouldBe("gates-failed");
        (await portal.Get<DecideRequest>().ExecuteAsync(portal.Approver, request.Id, new(DecisionKind.Approve, Evidence), default)).Status.ShouldBe(RequestStatus.Approved);
    }

    [Fact]
    public async Task GrantWaiver_ByRequester_IsDenied()
    {
        await using var portal = await Portal.CreateAsync();
        await GiveRoleAsync(portal, portal.Reviewer, Roles.Approver);
        var request = await portal.AwaitDecisionAsync(gatesPassed: false);

        var error = await Should.ThrowAsync<DecisionDeniedException>(
            () => portal.Get<GrantWaiver>().ExecuteAsync(portal.Reviewer, request.Id, Evidence, "It is good enough for me.", default));

        error.Verdict.Code.ShouldBe("own-request");
    }

    [Fact]
    public async Task Approve_EvidenceOfAnEarlierRun_IsStale()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync(evidence: 'd');
        await portal.Get<DecideRequest>().ExecuteAsync(
            portal.Approver, request.Id, new(DecisionKind.RequestChanges, Portal.Digest('d'), DecisionReason.QualityTooLow, "Try a lower dose."), default);
        var run = await portal.Get<StartRun>().ExecuteAsync(portal.Reviewer, request.Id, default);
        var ticket = await portal.Get<RunLease>().ClaimAsync(run.Id, "worker-1", default);
        await portal.Get<RunLease>().CompleteAsync(ticket!, new(Evidence, Portal.Digest('b'), Portal.Digest('1'), Portal.Digest('2'), 0.02, true), default);

        var error = await Should.ThrowAsync<DecisionDeniedException>(
            () => portal.Get<DecideRequest>().ExecuteAsync(portal.Approver, request.Id, new(DecisionKind.Approve, Portal.Digest('d')), default));

        error.Verdict.Code.ShouldBe("stale-evidence");
        run.Attempt.ShouldBe(2);
    }

    [Fact]
    public async Task Approve_RepeatedRunWithTheSameEvidence_IsOpenToWhoSentItBack()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();
        await portal.Get<DecideRequest>().ExecuteAsync(
            portal.Approver, request.Id, new(DecisionKind.RequestChanges, Evidence, DecisionReason.EvidenceInsufficient, "Run it again, please."), default);
        await portal.RunAsync(request.Id);

        request = await portal.Get<DecideRequest>().ExecuteAsync(portal.Approver, request.Id, new(DecisionKind.Approve, Evidence), default);

        request.Status.ShouldBe(RequestStatus.Approved);
    }

    [Fact]
    public async Task Approve_RepeatedRunWithTheSameEvidence_CountsNoWordOfTheEarlierRun()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync(ConceptKind.Nudity, "nudity", gatesPassed: false);
        var decide = portal.Get<DecideRequest>();
        await portal.Get<GrantWaiver>().ExecuteAsync(portal.Approver2, request.Id, Evidence, "The judge mistakes towers for churches.", default);
        await decide.ExecuteAsync(portal.Approver, request.Id, new(DecisionKind.Approve, Evidence), default);
        await decide.ExecuteAsync(portal.Approver, request.Id, new(DecisionKind.RequestChanges, Evidence, DecisionReason.QualityTooLow), default);
        await portal.RunAsync(request.Id, gatesPassed: false);

        (await DenyAsync(portal, portal.Approver, request.Id)).ShouldBe("gates-failed");
        await portal.Get<GrantWaiver>().ExecuteAsync(portal.Approver2, request.Id, Evidence, "It still mistakes towers.", default);
        (await decide.ExecuteAsync(portal.Approver, request.Id, new(DecisionKind.Approve, Evidence), default)).Status.ShouldBe(RequestStatus.AwaitingDecision);
    }

    [Theory]
    [InlineData(DecisionKind.Reject, RequestStatus.Rejected)]
    [InlineData(DecisionKind.RequestChanges, RequestStatus.ChangesRequested)]
    public async Task Refuse_WithReason_MovesTheRequestAndKeepsTheReason(DecisionKind kind, RequestStatus expected)
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();

        request = await portal.Get<DecideRequest>().ExecuteAsync(
            portal.Approver, request.Id, new(kind, Evidence, DecisionReason.OtherConceptsDamaged, "Dogs lost their heads."), default);

        request.Status.ShouldBe(expected);
        request.StatusNote.ShouldBe("OtherConceptsDamaged: Dogs lost their heads.");
    }

    [Fact]
    public async Task Preview_OwnRequest_SaysWhyWithoutWritingAnything()
    {
        await using var portal = await Portal.CreateAsync();
        await GiveRoleAsync(portal, portal.Reviewer, Roles.Approver);
        var request = await portal.AwaitDecisionAsync();
        var before = (await portal.ActionsAsync()).Count;

        var verdict = await portal.Get<DecideRequest>().PreviewAsync(portal.Reviewer, request.Id, new(DecisionKind.Approve, Evidence), default);

        verdict.Code.ShouldBe("own-request");
        (await portal.ActionsAsync()).Count.ShouldBe(before);
    }

    [Fact]
    public async Task Approve_TwoApproversAtOnce_BothCountAndNothingIsLost()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync(ConceptKind.Nudity, "nudity");

        await Task.WhenAll(new[] { portal.Approver, portal.Approver2 }.Select(
            approver => Task.Run(() => portal.Get<DecideRequest>().ExecuteAsync(approver, request.Id, new(DecisionKind.Approve, Evidence), default))));

        (await portal.LoadAsync(request.Id)).Status.ShouldBe(RequestStatus.Approved);
    }

    private static async Task<string> DenyAsync(Portal portal, Actor actor, long requestId) =>
        (await Should.ThrowAsync<DecisionDeniedException>(
            () => portal.Get<DecideRequest>().ExecuteAsync(actor, requestId, new(DecisionKind.Approve, Evidence), default))).Verdict.Code;

    private static async Task GiveRoleAsync(Portal portal, Actor actor, string role)
    {
        await using var db = await portal.OpenAsync();
        var roleId = await db.Roles.Where(r => r.Name == role).Select(r => r.Id).SingleAsync();
        db.UserRoles.Add(new() { UserId = actor.Id, RoleId = roleId });
        await db.SaveChangesAsync();
    }
}
