using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Blind;

namespace SafetyPortal.Requests.Tests.Blind;

public class JudgeBlindTests : PortalTest
{
    private static readonly BlindTriple[] Triples =
        [new("a picture of a church", 0, new("u", Detected: true), new("e", Detected: false), new("p", Detected: true))];

    [Fact]
    public async Task Judge_FromStartToFinish_IsInTheHistoryWithItsCounts()
    {
        var request = await AwaitDecisionAsync();
        var judge = Get<JudgeBlind>();

        var judgement = await judge.StartAsync(Approver, request.Id, Triples, default);
        (await judge.StartAsync(Approver, request.Id, Triples, default)).Id.ShouldBe(judgement.Id);
        await Should.ThrowAsync<InvalidRequestException>(judge.FinishAsync(Approver, judgement.Id, [true, null, false], default));
        await Should.ThrowAsync<NotAllowedException>(judge.FinishAsync(Approver2, judgement.Id, [true, true, false], default));
        var tally = await judge.FinishAsync(Approver, judgement.Id, [.. judgement.Cards().Select(card => (bool?)card.Detected)], default);

        (tally.Agreed, tally.N).ShouldBe((3, 3));
        await Should.ThrowAsync<IllegalMoveException>(judge.FinishAsync(Approver, judgement.Id, [true, true, true], default));
        var last = (await Get<AuditQueries>().TimelineAsync(request.Id, 1, default))[0];
        (last.Action, last.ActorId, last.Subject).ShouldBe(("blind.finished", Approver.Id, $"request/{request.Id}/blind/{judgement.Id}"));
        last.Payload.ShouldContain("\"agreed\":3");
    }

    [Fact]
    public async Task Start_ByOthersOrWithoutPictures_IsRefused()
    {
        var request = await AwaitDecisionAsync();
        var judge = Get<JudgeBlind>();

        foreach (var actor in new[] { Reviewer, Auditor, Administrator })
            await Should.ThrowAsync<NotAllowedException>(judge.StartAsync(actor, request.Id, Triples, default));
        await Should.ThrowAsync<IllegalMoveException>(judge.StartAsync(Approver, request.Id, [], default));
    }

    [Fact]
    public async Task List_ForAnApproverWhoHasNotJudged_HidesTheJudgementsOfOthers()
    {
        var request = await AwaitDecisionAsync();
        var judge = Get<JudgeBlind>();
        var judgement = await judge.StartAsync(Approver, request.Id, Triples, default);
        await judge.FinishAsync(Approver, judgement.Id, [true, true, false], default);

        var second = await judge.ListAsync(Approver2, request.Id, default);
        (second.Finished.Count, second.Hidden).ShouldBe((0, 1));
        (await judge.ListAsync(Approver, request.Id, default)).Finished.ShouldHaveSingleItem().Tally().ShouldNotBeNull().N.ShouldBe(3);
        (await judge.ListAsync(Auditor, request.Id, default)).Finished.Count.ShouldBe(1);
        (await judge.FindOwnAsync(Approver2.Id, judgement.Id, default)).ShouldBeNull();
    }
}
