using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Requests.Tests.Approval;

public class DecideRequestTests : PortalTest
{
    [Fact]
    public async Task Approve_ByApprover_ApprovesAndRecordsDecisionAndEvent()
    {
        var request = await ApproveAsync();

        request.Status.ShouldBe(RequestStatus.Approved);
        var details = await Get<RequestQueries>().GetAsync(Auditor.Id, request.Id, default);
        details!.Decisions.ShouldHaveSingleItem().EvidenceDigest.ShouldBe(Digest('e'));
        (await ActionsAsync())[^1].ShouldBe("decision.approved");
    }

    [Fact]
    public async Task Approve_ByRequesterWhoIsAlsoApprover_IsDeniedAndTheAttemptIsInTheHistory()
    {
        await MakeReviewerApproverAsync();
        var request = await AwaitDecisionAsync();

        (await DenyAsync(Reviewer, request.Id)).ShouldBe("own-request");

        (await LoadAsync(request.Id)).Status.ShouldBe(RequestStatus.AwaitingDecision);
        (await ActionsAsync())[^1].ShouldBe("decision.denied");
    }

    [Fact]
    public async Task Approve_ByAdministrator_IsDenied() => (await DenyAsync(Administrator, (await AwaitDecisionAsync()).Id)).ShouldBe("not-approver");

    [Fact]
    public async Task Approve_RoleTakenAwaySinceSignIn_IsDenied()
    {
        var request = await AwaitDecisionAsync();
        await ExecuteSqlAsync("DELETE FROM AspNetUserRoles");

        (await DenyAsync(Approver, request.Id)).ShouldBe("not-approver");
    }

    [Fact]
    public async Task Approve_SixMinutesAfterSignIn_IsDenied()
    {
        var request = await AwaitDecisionAsync();
        Clock.Advance(TimeSpan.FromMinutes(6));

        (await DenyAsync(Approver, request.Id)).ShouldBe("stale-sign-in");
    }

    [Fact]
    public async Task Approve_Nudity_TakesTwoDifferentApprovers()
    {
        var request = await AwaitDecisionAsync(ConceptKind.Nudity, "nudity");

        (await DecideAsync(Approver, request.Id)).ShouldBe(RequestStatus.AwaitingDecision);
        (await DenyAsync(Approver, request.Id)).ShouldBe("already-approved");
        (await DecideAsync(Approver2, request.Id)).ShouldBe(RequestStatus.Approved);
    }

    [Fact]
    public async Task Approve_GatesFailed_NeedsAnotherApproversWaiver()
    {
        var request = await AwaitDecisionAsync(gatesPassed: false);
        (await DenyAsync(Approver, request.Id)).ShouldBe("gates-failed");

        await WaiveAsync(Approver2, request.Id);

        (await DenyAsync(Approver2, request.Id)).ShouldBe("gates-failed");
        (await DecideAsync(Approver, request.Id)).ShouldBe(RequestStatus.Approved);
    }

    [Fact]
    public async Task GrantWaiver_ByRequester_IsDenied()
    {
        await MakeReviewerApproverAsync();
        var request = await AwaitDecisionAsync(gatesPassed: false);

        (await Should.ThrowAsync<DecisionDeniedException>(WaiveAsync(Reviewer, request.Id))).Verdict.Code.ShouldBe("own-request");
    }

    [Fact]
    public async Task Approve_EvidenceOfAnEarlierRun_IsStale()
    {
        var request = await AwaitDecisionAsync(evidence: 'd');
        await DecideAsync(Approver, request.Id, DecisionKind.RequestChanges, DecisionReason.QualityTooLow, "Try a lower dose.", 'd');
        await RunAsync(request.Id);

        (await DenyAsync(Approver, request.Id, 'd')).ShouldBe("stale-evidence");
        (await LoadAsync(request.Id)).CurrentRun!.Attempt.ShouldBe(2);
    }

    [Fact]
    public async Task Approve_RepeatedRunWithTheSameEvidence_IsOpenToWhoSentItBack()
    {
        var request = await AwaitDecisionAsync();
        await DecideAsync(Approver, request.Id, DecisionKind.RequestChanges, DecisionReason.EvidenceInsufficient, "Run it again, please.");
        await RunAsync(request.Id);

        (await DecideAsync(Approver, request.Id)).ShouldBe(RequestStatus.Approved);
    }

    [Fact]
    public async Task Approve_RepeatedRunWithTheSameEvidence_CountsNoDecisionOfTheEarlierRun()
    {
        var request = await AwaitDecisionAsync(ConceptKind.Nudity, "nudity", gatesPassed: false);
        await WaiveAsync(Approver2, request.Id);
        await DecideAsync(Approver, request.Id);
        await DecideAsync(Approver, request.Id, DecisionKind.RequestChanges, DecisionReason.QualityTooLow);
        await RunAsync(request.Id, gatesPassed: false);

        (await DenyAsync(Approver, request.Id)).ShouldBe("gates-failed");
        await WaiveAsync(Approver2, request.Id);
        (await DecideAsync(Approver, request.Id)).ShouldBe(RequestStatus.AwaitingDecision);
    }

    [Theory]
    [InlineData(DecisionKind.Reject, RequestStatus.Rejected)]
    [InlineData(DecisionKind.RequestChanges, RequestStatus.ChangesRequested)]
    public async Task Refuse_WithReason_MovesTheRequestAndKeepsTheReason(DecisionKind kind, RequestStatus expected)
    {
        var request = await AwaitDecisionAsync();

        await DecideAsync(Approver, request.Id, kind, DecisionReason.OtherConceptsDamaged, "Dogs lost their heads.");

        request = await LoadAsync(request.Id);
        (request.Status, request.StatusNote).ShouldBe((expected, "OtherConceptsDamaged: Dogs lost their heads."));
    }

    [Fact]
    public async Task Preview_OwnRequest_SaysWhyWithoutWritingAnything()
    {
        await MakeReviewerApproverAsync();
        var request = await AwaitDecisionAsync();
        var before = await ActionsAsync();

        var verdict = await Get<DecideRequest>().PreviewAsync(Reviewer, request.Id, new(DecisionKind.Approve, Digest('e')), default);

        verdict.Code.ShouldBe("own-request");
        (await ActionsAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task Decide_UndefinedKind_IsDenied()
    {
        var request = await AwaitDecisionAsync();

        var error = await Should.ThrowAsync<DecisionDeniedException>(DecideAsync(Approver, request.Id, (DecisionKind)9));

        error.Verdict.Code.ShouldBe("malformed");
        (await ActionsAsync())[^1].ShouldBe("decision.denied");
    }

    [Fact]
    public async Task Approve_TwoApproversAtOnce_BothCountAndNothingIsLost()
    {
        var request = await AwaitDecisionAsync(ConceptKind.Nudity, "nudity");

        await Task.WhenAll(new[] { Approver, Approver2 }.Select(approver => Task.Run(() => DecideAsync(approver, request.Id))));

        (await LoadAsync(request.Id)).Status.ShouldBe(RequestStatus.Approved);
    }

    private Task WaiveAsync(Actor actor, long requestId) =>
        Get<GrantWaiver>().ExecuteAsync(actor, requestId, Digest('e'), "The judge mistakes towers for churches.", default);

    private Task MakeReviewerApproverAsync() =>
        ExecuteSqlAsync($"INSERT INTO AspNetUserRoles SELECT '{Reviewer.Id}', Id FROM AspNetRoles WHERE Name = '{Roles.Approver}'");
}
