using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;

namespace SafetyPortal.Requests.Tests.Approval;

public class ClaimReviewTests
{
    private static readonly DecisionEntry Approval = new(DecisionKind.Approve, Portal.Digest('e'));

    [Fact]
    public async Task Take_ByApprover_KeepsOthersOutForTenMinutes()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();
        var claims = portal.Get<ClaimReview>();

        var claim = await claims.TakeAsync(portal.Approver, request.Id, default);

        (claim.ExpiresAt - portal.Clock.GetUtcNow()).ShouldBe(TimeSpan.FromMinutes(10));
        (await Should.ThrowAsync<IllegalMoveException>(() => claims.TakeAsync(portal.Approver2, request.Id, default))).Message.ShouldContain("approver@demo.local works on request");
        (await Should.ThrowAsync<DecisionDeniedException>(() => portal.Get<DecideRequest>().ExecuteAsync(portal.Approver2, request.Id, Approval, default)))
            .Verdict.Code.ShouldBe("claimed");
        portal.Clock.Advance(TimeSpan.FromMinutes(10));
        (await claims.FindAsync(request.Id, default)).ShouldBeNull();
        (await claims.TakeAsync(portal.Approver2, request.Id, default)).HolderId.ShouldBe(portal.Approver2.Id);
        (await portal.ActionsAsync()).Count(action => action == "review.claimed").ShouldBe(2);
    }

    [Fact]
    public async Task Renew_WhileActive_ExtendsOnlyTheHoldersClaim()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();
        var claims = portal.Get<ClaimReview>();
        await claims.TakeAsync(portal.Approver, request.Id, default);
        portal.Clock.Advance(TimeSpan.FromMinutes(9));

        (await claims.RenewAsync(portal.Approver2, request.Id, default)).ShouldBeFalse();
        (await claims.RenewAsync(portal.Approver, request.Id, default)).ShouldBeTrue();

        portal.Clock.Advance(TimeSpan.FromMinutes(9));
        (await claims.FindAsync(request.Id, default)).ShouldNotBeNull().HolderId.ShouldBe(portal.Approver.Id);
        portal.Clock.Advance(TimeSpan.FromMinutes(2));
        (await claims.RenewAsync(portal.Approver, request.Id, default)).ShouldBeFalse();
    }

    [Fact]
    public async Task HandOver_ToAnotherApprover_MovesTheClaim()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();
        var claims = portal.Get<ClaimReview>();
        await claims.TakeAsync(portal.Approver, request.Id, default);

        await Should.ThrowAsync<NotAllowedException>(() => claims.HandOverAsync(portal.Approver, request.Id, portal.Administrator.Id, default));
        await Should.ThrowAsync<NotAllowedException>(() => claims.HandOverAsync(portal.Approver, request.Id, portal.Reviewer.Id, default));
        await Should.ThrowAsync<IllegalMoveException>(() => claims.HandOverAsync(portal.Approver2, request.Id, portal.Approver2.Id, default));
        var claim = await claims.HandOverAsync(portal.Approver, request.Id, portal.Approver2.Id, default);

        claim.HolderName.ShouldBe("approver2@demo.local");
        (await Should.ThrowAsync<DecisionDeniedException>(() => portal.Get<DecideRequest>().ExecuteAsync(portal.Approver, request.Id, Approval, default)))
            .Verdict.Code.ShouldBe("claimed");
    }

    [Fact]
    public async Task Hold_WithReason_MayBeTakenOverAndMustBeBeforeDeciding()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();
        var claims = portal.Get<ClaimReview>();
        await claims.TakeAsync(portal.Approver, request.Id, default);

        await Should.ThrowAsync<InvalidRequestException>(() => claims.HoldAsync(portal.Approver, request.Id, " ", default));
        var held = await claims.HoldAsync(portal.Approver, request.Id, "Waiting for legal.", default);

        held.HoldReason.ShouldBe("Waiting for legal.");
        (await Should.ThrowAsync<DecisionDeniedException>(() => portal.Get<DecideRequest>().ExecuteAsync(portal.Approver2, request.Id, Approval, default)))
            .Verdict.Code.ShouldBe("on-hold");
        (await claims.TakeAsync(portal.Approver2, request.Id, default)).HoldReason.ShouldBeNull();
        (await portal.Get<DecideRequest>().ExecuteAsync(portal.Approver2, request.Id, Approval, default)).Status.ShouldBe(RequestStatus.Approved);
        (await claims.FindAsync(request.Id, default)).ShouldBeNull();
    }

    [Fact]
    public async Task GiveBack_ByHolder_FreesTheRequest()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();
        var claims = portal.Get<ClaimReview>();
        await claims.TakeAsync(portal.Approver, request.Id, default);

        await Should.ThrowAsync<IllegalMoveException>(() => claims.GiveBackAsync(portal.Approver2, request.Id, default));
        await claims.GiveBackAsync(portal.Approver, request.Id, default);

        (await claims.ListAsync(default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Take_ByWhoMayNotDecideOrTooEarly_IsRefused()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();
        var early = await portal.SubmitAsync(name: "dog");
        var claims = portal.Get<ClaimReview>();

        foreach (var actor in new[] { portal.Reviewer, portal.Administrator, portal.Auditor })
            await Should.ThrowAsync<NotAllowedException>(() => claims.TakeAsync(actor, request.Id, default));
        await Should.ThrowAsync<IllegalMoveException>(() => claims.TakeAsync(portal.Approver, early.Id, default));
        (await claims.CandidatesAsync(request.Id, default)).Select(c => c.Name).ShouldBe(["approver2@demo.local", "approver@demo.local"], ignoreOrder: true);
    }

    [Fact]
    public async Task Waive_WhileAnotherHoldsTheClaim_IsAllowed()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync(gatesPassed: false);
        await portal.Get<ClaimReview>().TakeAsync(portal.Approver, request.Id, default);

        await portal.Get<GrantWaiver>().ExecuteAsync(portal.Approver2, request.Id, Portal.Digest('e'), "The judge is known to err here.", default);

        (await portal.Get<DecideRequest>().ExecuteAsync(portal.Approver, request.Id, Approval, default)).Status.ShouldBe(RequestStatus.Approved);
    }
}
