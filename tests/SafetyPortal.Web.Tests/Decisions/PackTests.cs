using System.Net;
using Microsoft.Extensions.DependencyInjection;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Evidence.Pack;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Web.Tests.Decisions;

[Collection(PortalCollection.Name)]
public class PackTests(SharedPortal shared)
{
    [Theory]
    [InlineData(Roles.Auditor, true)]
    [InlineData(Roles.Approver, false)]
    public async Task Pack_OfAReleasedRequest_Verifies(string role, bool wholeHistory)
    {
        using var session = await Session.SignedInAsync(shared.Portal, role);

        var answer = await session.GetAsync($"/requests/{shared.Story.Released.Id}/evidence-pack.zip");

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/zip");
        using var pack = new MemoryStream(await answer.Content.ReadAsByteArrayAsync());
        var report = await PackVerifier.VerifyAsync(pack, [shared.Portal.Services.GetRequiredService<SigningKey>().Id], default);
        report.FirstProblem.ShouldBeNull();
        report.Checks.Any(check => check.Text.Contains("unbroken chain", StringComparison.Ordinal)).ShouldBe(wholeHistory);
    }

    [Fact]
    public async Task Pack_WithFindings_HoldsTheirSheetsAndPoints()
    {
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Auditor);

        using var pack = new MemoryStream(await (await session.GetAsync($"/requests/{shared.Story.Waiting.Id}/evidence-pack.zip")).Content.ReadAsByteArrayAsync());

        var report = await PackVerifier.VerifyAsync(pack, [], default);
        report.FirstProblem.ShouldBeNull();
        report.Checks.ShouldContain(check => check.Item == "artifacts");
    }

    [Theory]
    [InlineData(Roles.Reviewer)]
    [InlineData(Roles.Administrator)]
    public async Task Pack_ForOtherRoles_IsRefused(string role)
    {
        using var session = await Session.SignedInAsync(shared.Portal, role);

        var answer = await session.GetAsync($"/requests/{shared.Story.Released.Id}/evidence-pack.zip");

        answer.StatusCode.ShouldNotBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType?.MediaType.ShouldNotBe("application/zip");
    }

    [Fact]
    public async Task Pack_OfARunningRequest_IsNotFound()
    {
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Auditor);

        (await session.GetAsync($"/requests/{shared.Story.Running.Id}/evidence-pack.zip")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Sheet_OfTheRedTeam_IsVeiledUntilRevealed()
    {
        var sheet = await SheetAsync();
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Approver);

        (await session.GetAsync(sheet)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await session.GetAsync(sheet + "/veiled")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private async Task<string> SheetAsync()
    {
        var actor = await shared.Portal.ActorAsync(Roles.Approver);
        var details = await shared.Portal.Services.GetRequiredService<SafetyPortal.Requests.Filing.RequestQueries>().GetAsync(actor.Id, shared.Story.Waiting.Id, default);
        var evidence = await shared.Portal.Services.GetRequiredService<SafetyPortal.Web.Decisions.EvidenceReader>().ReadAsync(details!.Request.CurrentRun, default);
        return $"/runs/{details.Request.CurrentRunId}/images/{evidence!.RedTeam!.Probes[0].Sheet}";
    }
}
