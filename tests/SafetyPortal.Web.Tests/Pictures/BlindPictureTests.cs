using System.Net;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Blind;
using SafetyPortal.Web.Pictures;

namespace SafetyPortal.Web.Tests.Pictures;

[Collection(PortalCollection.Name)]
public class BlindPictureTests(SharedPortal shared)
{
    private string Picture => $"/blind/{shared.Story.Blind.Id}/pictures/3";

    [Fact]
    public void Deck_OfARun_MixesThreePicturesOfEveryTargetPrompt()
    {
        var cards = shared.Story.Blind.Cards();

        cards.Count.ShouldBe(18); // six target prompts
        cards.CountBy(card => card.Arm).ShouldAllBe(arm => arm.Value == 6);
        cards.Where(card => card.Arm == BlindArm.Unedited).ShouldAllBe(card => card.Detected);
        cards.Where(card => card.Arm == BlindArm.Edited).ShouldAllBe(card => !card.Detected);
        cards.Count(card => card.Arm == BlindArm.Placebo && card.Detected).ShouldBe(4); // the judge takes images 0 and 4 for a house
    }

    [Fact]
    public async Task Picture_OfTheJudge_IsSentSharpOnlyAfterACountedReveal()
    {
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Approver);

        (await session.StatusAsync(Picture)).ShouldBe(HttpStatusCode.Forbidden);
        (await session.StatusAsync(Picture + "/veiled")).ShouldBe(HttpStatusCode.OK);
        await shared.Portal.Get<PictureReveals>().RevealAsync(
            await shared.Portal.UserAsync(Roles.Approver), PictureOf.BlindJudgement, shared.Story.Blind.Id, ["3"], default);

        var sharp = await session.GetAsync(Picture);
        sharp.StatusCode.ShouldBe(HttpStatusCode.OK);
        sharp.Content.Headers.ContentType!.MediaType.ShouldBe("image/png");
        (await session.StatusAsync($"/blind/{shared.Story.Blind.Id}/pictures/18")).ShouldBe(HttpStatusCode.NotFound);
        (await session.StatusAsync($"/blind/{shared.Story.Blind.Id}/pictures/-1")).ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Picture_ForAnyoneElse_IsNotSent()
    {
        var other = shared.Portal.SecondApprover;
        using var second = new Session(shared.Portal);
        await second.SignInAsync(other.Email, other.Password);
        using var auditor = await Session.SignedInAsync(shared.Portal, Roles.Auditor);

        (await second.StatusAsync(Picture + "/veiled")).ShouldBe(HttpStatusCode.NotFound);
        (await auditor.StatusAsync(Picture + "/veiled")).ShouldNotBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Page_WhileJudging_SaysNothingAboutWhichModelDrewWhat()
    {
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Approver);

        var html = await session.ReadAsync($"/requests/{shared.Story.Waiting.Id}/blind");

        html.ShouldContain($"/blind/{shared.Story.Blind.Id}/pictures/0");
        shared.Story.Blind.Cards().ShouldAllBe(card => !html.Contains(card.Image, StringComparison.Ordinal));
        html.ShouldContain("data-hidden-judgements");
        html.ShouldNotContain("data-judgement=");
    }

    [Fact]
    public async Task Page_ForAnAuditor_ShowsTheFinishedJudgementBesideTheDetector()
    {
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Auditor);

        var html = await session.ReadAsync($"/requests/{shared.Story.Waiting.Id}/blind");

        html.ShouldContain("data-judgement=");
        html.ShouldContain("16 of 18"); // the person sees it in all six placebo images, the detector in four
        html.ShouldNotContain("Draw the images");
    }
}
