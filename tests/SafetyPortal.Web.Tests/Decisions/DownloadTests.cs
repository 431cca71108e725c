using System.Net;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Evidence;

namespace SafetyPortal.Web.Tests.Decisions;

[Collection(PortalCollection.Name)]
public class DownloadTests(SharedPortal shared)
{
    [Fact]
    public async Task Evidence_OfAFinishedRequest_HasTheDigestThatWasSigned()
    {
        using var administrator = await Session.SignedInAsync(shared.Portal, Roles.Administrator);
        var details = await shared.Portal.DetailsAsync(shared.Story.Released);

        var answer = await administrator.GetAsync($"/requests/{shared.Story.Released.Id}/evidence.json");

        var evidence = EvidenceDocument.FromBytes(await answer.Content.ReadAsByteArrayAsync());
        evidence.Verify(details.Release!.EvidenceDigest).ShouldBeEmpty();
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
    public async Task ReleasePage_ForOtherRoles_OffersNoFileThatListsWeights(string role)
    {
        using var session = await Session.SignedInAsync(shared.Portal, role);

        var page = await session.ReadAsync($"/requests/{shared.Story.Released.Id}/release");

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

        (await approver.StatusAsync(path)).ShouldBe(HttpStatusCode.NotFound);
    }
}
