using System.Net;
using Microsoft.Extensions.DependencyInjection;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Web.Tests.Decisions;

[Collection(PortalCollection.Name)]
public class DownloadTests(SharedPortal shared)
{
    [Fact]
    public async Task Evidence_OfAFinishedRequest_HasTheDigestThatWasSigned()
    {
        using var administrator = await Session.SignedInAsync(shared.Portal, Roles.Administrator);
        var viewer = await shared.Portal.ActorAsync(Roles.Administrator);
        var details = await shared.Portal.Services.GetRequiredService<RequestQueries>().GetAsync(viewer.Id, shared.Story.Released.Id, default);

        var answer = await administrator.GetAsync($"/requests/{shared.Story.Released.Id}/evidence.json");

        var evidence = EvidenceDocument.FromBytes(await answer.Content.ReadAsByteArrayAsync());
        evidence.Verify(details!.Release!.EvidenceDigest).ShouldBeEmpty();
    }

    [Fact]
    public async Task Patch_OfARelease_IsAFile()
    {
        using var approver = await Session.SignedInAsync(shared.Portal, Roles.Approver);

        var answer = await approver.GetAsync("/releases/1/patch");

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentDisposition!.FileName.ShouldBe("release-1.patch.safetensors");
    }

    [Theory]
    [InlineData(Roles.Reviewer)]
    [InlineData(Roles.Auditor)]
    public async Task Download_ThatListsComponents_IsForApproversAndAdministratorsAlone(string role)
    {
        using var session = await Session.SignedInAsync(shared.Portal, role);

        foreach (var path in new[] { "/releases/1/patch", $"/requests/{shared.Story.Released.Id}/evidence.json" })
        {
            var answer = await session.GetAsync(path);
            answer.StatusCode.ShouldBe(HttpStatusCode.Redirect, path);
            answer.Headers.Location!.ToString().ShouldContain("/account/denied", customMessage: path);
        }
        var page = await (await session.GetAsync($"/requests/{shared.Story.Released.Id}/release")).Content.ReadAsStringAsync();
        page.ShouldContain("Release no.");
        page.ShouldNotContain("/releases/1/patch");
        page.ShouldNotContain("evidence.json");
    }

    [Theory]
    [InlineData("/releases/99/patch")]
    [InlineData("/requests/99/evidence.json")]
    [InlineData("/requests/3/evidence.json")]
    public async Task Download_ThatDoesNotExist_IsAProblem(string path)
    {
        using var approver = await Session.SignedInAsync(shared.Portal, Roles.Approver);

        (await approver.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }
}
