using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Blind;

namespace SafetyPortal.Requests.Tests.Blind;

public class JudgeBlindTests
{
    private static readonly BlindTriple[] Triples = [new("a picture of a church", 0, new("u", Detected: true), new("e", Detected: false), new("p", Detected: true))];

    [Fact]
    public async Task Judge_FromStartToFinish_IsInTheHistoryWithItsCounts()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();
        var judge = portal.Get<JudgeBlind>();

        var judgement = await judge.StartAsync(portal.Approver, request.Id, Triples, default);
        (await judge.StartAsync(portal.Approver, request.Id, Triples, default)).Id.ShouldBe(judgement.Id);
        await Should.ThrowAsync<InvalidRequestException>(judge.FinishAsync(portal.Approver, judgement.Id, [true, null, false], default));
        await Should.ThrowAsync<NotAllowedException>(judge.FinishAsync(portal.Approver2, judgement.Id, [true, true, false], default));
        var tally = await judge.FinishAsync(portal.Approver, judgement.Id, [.. judgement.Cards().Select(card => (bool?)card.Detected)], default);

        (tally.Agreed, tally.N).ShouldBe((3, 3));
        await Should.ThrowAsync<IllegalMoveException>(judge.FinishAsync(portal.Approver, judgement.Id, [true, true, true], default));
        var last = (await portal.Get<AuditQueries>().TimelineAsync(request.Id, 1, default))[0];
        (last.Action, last.ActorId, last.Subject).ShouldBe(("blind.finished", portal.Approver.Id, $"request/{request.Id}/blind/{judgement.Id}"));
        last.Payload.ShouldContain("\"agreed\":3");
    }

    [Fact]
    public async Task Start_ByOthersOrWithoutPictures_IsRefused()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();
        var judge = portal.Get<JudgeBlind>();

        foreach (var actor in new[] { portal.Reviewer, portal.Auditor, portal.Administrator })
            await Should.ThrowAsync<NotAllowedException>(judge.StartAsync(actor, request.Id, Triples, default));
        await Should.ThrowAsync<IllegalMoveException>(judge.StartAsync(portal.Approver, request.Id, [], default));
    }

    [Fact]
    public async Task List_ForAnApproverWhoHasNotJudged_HidesTheJudgementsOfOthers()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();
        var judge = portal.Get<JudgeBlind>();
        var judgement = await judge.StartAsync(portal.Approver, request.Id, Triples, default);
        await judge.FinishAsync(portal.Approver, judgement.Id, [true, true, false], default);

        var second = await judge.ListAsync(portal.Approver2, request.Id, default);
        (second.Finished.Count, second.Hidden).ShouldBe((0, 1));
        (await judge.ListAsync(portal.Approver, request.Id, default)).Finished.ShouldHaveSingleItem().Tally().ShouldNotBeNull().N.ShouldBe(3);
        (await judge.ListAsync(portal.Auditor, request.Id, default)).Finished.Count.ShouldBe(1);
        (await judge.FindOwnAsync(portal.Approver2.Id, judgement.Id, default)).ShouldBeNull();
    }
}
