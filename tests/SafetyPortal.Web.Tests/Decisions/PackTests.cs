using System.Net;
using System.Runtime.Versioning;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Evidence.Pack;
using SafetyPortal.Requests.Signing;
using SafetyPortal.Web.Decisions;

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
        var report = await PackVerifier.VerifyAsync(pack, [shared.Portal.Get<SigningKey>().Id], default);
        report.FirstProblem.ShouldBeNull();
        report.Checks.Any(check => check.Text.Contains("unbroken chain", StringComparison.Ordinal)).ShouldBe(wholeHistory);
    }

    [Fact]
    public async Task Pack_WithFindings_HoldsTheirSheetsAndPoints()
    {
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Auditor);

        var answer = await session.GetAsync($"/requests/{shared.Story.Waiting.Id}/evidence-pack.zip");

        using var pack = new MemoryStream(await answer.Content.ReadAsByteArrayAsync());
        var report = await PackVerifier.VerifyAsync(pack, [], default);
        report.FirstProblem.ShouldBeNull();
        report.Checks.ShouldContain(check => check.Item == "artifacts");
    }

    [Fact]
    public async Task Pack_OfARunningRequest_IsNotFound()
    {
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Auditor);

        (await session.StatusAsync($"/requests/{shared.Story.Running.Id}/evidence-pack.zip")).ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Sheet_OfTheRedTeam_IsVeiledUntilRevealed()
    {
        var (run, evidence) = await shared.Portal.EvidenceAsync(shared.Story.Waiting);
        var sheet = $"/runs/{run.Id}/images/{evidence.RedTeam!.Probes[0].Sheet}";
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Approver);

        (await session.StatusAsync(sheet)).ShouldBe(HttpStatusCode.Forbidden);
        (await session.StatusAsync(sheet + "/veiled")).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task CreatePack_InAFolder_IsForItsOwnerAloneAndGoneAfterwards()
    {
        var folder = Directory.CreateTempSubdirectory("packs-").FullName;
        try
        {
            await using (DownloadEndpoints.CreatePack(folder))
                File.GetUnixFileMode(Directory.GetFiles(folder).ShouldHaveSingleItem()).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Directory.GetFiles(folder).ShouldBeEmpty();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
