using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;

namespace SafetyPortal.Requests.Tests.Approval;

public class ClaimReviewTests : PortalTest
{
    private ClaimReview Claims => Get<ClaimReview>();

    [Fact]
    public async Task Take_ByApprover_KeepsOthersOutForTenMinutes()
    {
        var id = await ClaimedAsync();

        ((await Claims.FindAsync(id, default))!.ExpiresAt - Clock.GetUtcNow()).ShouldBe(TimeSpan.FromMinutes(10));
        (await Should.ThrowAsync<IllegalMoveException>(Claims.TakeAsync(Approver2, id, default))).Message.ShouldContain("approver@demo.local reviews request");
        (await DenyAsync(Approver2, id)).ShouldBe("claimed");
        Clock.Advance(TimeSpan.FromMinutes(10));
        (await Claims.FindAsync(id, default)).ShouldBeNull();
        (await Claims.TakeAsync(Approver2, id, default)).HolderId.ShouldBe(Approver2.Id);
        (await ActionsAsync()).Count(action => action == "review.claimed").ShouldBe(2);
    }

    [Fact]
    public async Task Renew_WhileActive_ExtendsOnlyTheHoldersClaim()
    {
        var id = await ClaimedAsync();
        Clock.Advance(TimeSpan.FromMinutes(9));

        (await Claims.RenewAsync(Approver2, id, default)).ShouldBeFalse();
        (await Claims.RenewAsync(Approver, id, default)).ShouldBeTrue();

        Clock.Advance(TimeSpan.FromMinutes(9));
        (await Claims.FindAsync(id, default)).ShouldNotBeNull().HolderId.ShouldBe(Approver.Id);
        Clock.Advance(TimeSpan.FromMinutes(2));
        (await Claims.RenewAsync(Approver, id, default)).ShouldBeFalse();
    }

    [Fact]
    public async Task HandOver_ToAnotherApprover_MovesTheClaim()
    {
        var id = await ClaimedAsync();

        await Should.ThrowAsync<NotAllowedException>(Claims.HandOverAsync(Approver, id, Administrator.Id, default));
        await Should.ThrowAsync<NotAllowedException>(Claims.HandOverAsync(Approver, id, Reviewer.Id, default));
        await Should.ThrowAsync<IllegalMoveException>(Claims.HandOverAsync(Approver2, id, Approver2.Id, default));

        (await Claims.HandOverAsync(Approver, id, Approver2.Id, default)).HolderName.ShouldBe("approver2@demo.local");
        (await DenyAsync(Approver, id)).ShouldBe("claimed");
    }

    [Fact]
    public async Task Hold_WithReason_MayBeTakenOverAndMustBeBeforeDeciding()
    {
        var id = await ClaimedAsync();

        await Should.ThrowAsync<InvalidRequestException>(() => Claims.HoldAsync(Approver, id, " ", default));
        (await Claims.HoldAsync(Approver, id, "Waiting for legal.", default)).HoldReason.ShouldBe("Waiting for legal.");

        (await DenyAsync(Approver2, id)).ShouldBe("on-hold");
        (await Claims.TakeAsync(Approver2, id, default)).HoldReason.ShouldBeNull();
        (await DecideAsync(Approver2, id)).ShouldBe(RequestStatus.Approved);
        (await Claims.FindAsync(id, default)).ShouldBeNull();
    }

    [Fact]
    public async Task GiveBack_ByHolder_FreesTheRequest()
    {
        var id = await ClaimedAsync();

        await Should.ThrowAsync<IllegalMoveException>(Claims.GiveBackAsync(Approver2, id, default));
        await Claims.GiveBackAsync(Approver, id, default);

        (await Claims.ListAsync(default)).ShouldBeEmpty();
        await Should.ThrowAsync<IllegalMoveException>(Claims.GiveBackAsync(Approver, id, default));
    }

    [Fact]
    public async Task Take_ByWhoMayNotDecideOrTooEarly_IsRefused()
    {
        var id = (await AwaitDecisionAsync()).Id;
        var early = await SubmitAsync(name: "dog");

        foreach (var actor in new[] { Reviewer, Administrator, Auditor })
            await Should.ThrowAsync<NotAllowedException>(Claims.TakeAsync(actor, id, default));
        await Should.ThrowAsync<IllegalMoveException>(Claims.TakeAsync(Approver, early.Id, default));
        (await Claims.CandidatesAsync(id, default)).Select(c => c.Name).ShouldBe(["approver2@demo.local", "approver@demo.local"], ignoreOrder: true);
    }

    [Fact]
    public async Task Waive_WhileAnotherHoldsTheClaim_IsAllowed()
    {
        var id = await ClaimedAsync(gatesPassed: false);

        await Get<GrantWaiver>().ExecuteAsync(Approver2, id, Digest('e'), "The judge is known to err here.", default);

        (await DecideAsync(Approver, id)).ShouldBe(RequestStatus.Approved);
    }

    /// <summary>The id of a request that awaits a decision and that the first approver has claimed.</summary>
    private async Task<long> ClaimedAsync(bool gatesPassed = true)
    {
        var request = await AwaitDecisionAsync(gatesPassed: gatesPassed);
        await Claims.TakeAsync(Approver, request.Id, default);
        return request.Id;
    }
}
