using System.IO.Compression;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Web.Pictures;

namespace SafetyPortal.Web.Tests.Pictures;

/// <summary>What probes made that rebuild the concept reaches administrators and auditors as pictures on a page, and nobody as a file.</summary>
[Collection(PortalCollection.Name)]
public class ProbeSheetTests(SharedPortal shared)
{
    [Theory]
    [InlineData(Roles.Reviewer, ProbeCodes.Revival)]
    [InlineData(Roles.Reviewer, ProbeCodes.Amplification)]
    [InlineData(Roles.Approver, ProbeCodes.Revival)]
    [InlineData(Roles.Approver, ProbeCodes.Amplification)]
    public async Task RestrictedSheet_ForReviewersAndApprovers_IsNotFound(string role, string code)
    {
        using var session = await Session.SignedInAsync(shared.Portal, role);

        foreach (var path in new[] { Url(code), Url(code) + "/veiled", Url(code.ToUpperInvariant()), Url(code + "%20") })
            (await session.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.NotFound, path);

        // Not even after they ask for it as a reveal, nor under the run, where pictures are named by digest.
        var user = await shared.Portal.UserAsync(role);
        await Should.ThrowAsync<NotFoundException>(Reveals.RevealAsync(user, PictureOf.ProbeOrder, shared.Story.Attack.Id, [code], default));
        var digest = await StoryRedTeam.SheetAsync(shared.Portal, shared.Story.Attack, code);
        foreach (var path in new[] { $"/runs/{shared.Story.Attack.RunId}/images/{digest}", $"/runs/{shared.Story.Attack.RunId}/images/{digest}/veiled", $"/runs/{shared.Story.Attack.RunId}/preview/{digest}" })
            (await session.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
    }

    [Theory]
    [InlineData(Roles.Reviewer)]
    [InlineData(Roles.Approver)]
    public async Task OpenSheet_ForEveryRole_IsVeiledUntilRevealed(string role)
    {
        using var session = await Session.SignedInAsync(shared.Portal, role);

        (await session.GetAsync(Url(ProbeCodes.Noise))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await session.GetAsync(Url(ProbeCodes.Noise) + "/veiled")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(Roles.Auditor)]
    [InlineData(Roles.Administrator)]
    public async Task RestrictedSheet_ForThoseWhoMaySeeIt_IsAPictureAndNoDownload(string role)
    {
        using var session = await Session.SignedInAsync(shared.Portal, role);
        (await session.GetAsync(Url(ProbeCodes.Revival))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        await Reveals.RevealAsync(await shared.Portal.UserAsync(role), PictureOf.ProbeOrder, shared.Story.Attack.Id, [ProbeCodes.Revival], default);
        var answer = await session.GetAsync(Url(ProbeCodes.Revival));

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("image/png");
        answer.Content.Headers.ContentDisposition.ShouldBeNull();
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        (await session.GetAsync($"/runs/{shared.Story.Attack.RunId}/images/{await StoryRedTeam.SheetAsync(shared.Portal, shared.Story.Attack, ProbeCodes.Revival)}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData(Roles.Approver)]
    [InlineData(Roles.Auditor)]
    public async Task EvidencePack_OfAnAttackedRequest_HoldsNothingOfTheAttack(string role)
    {
        using var session = await Session.SignedInAsync(shared.Portal, role);
        var store = shared.Portal.Services.GetRequiredService<IArtifactStore>();
        var sheets = new List<byte[]>();
        foreach (var code in ProbeCodes.AdministratorOnly)
            sheets.Add(await store.ReadAsync(await StoryRedTeam.SheetAsync(shared.Portal, shared.Story.Attack, code), default));

        using var pack = new ZipArchive(await (await session.GetAsync($"/requests/{shared.Story.Waiting.Id}/evidence-pack.zip")).Content.ReadAsStreamAsync());

        foreach (var entry in pack.Entries)
        {
            using var content = new MemoryStream();
            await using (var stream = await entry.OpenAsync())
                await stream.CopyToAsync(content);
            sheets.ShouldAllBe(sheet => !content.ToArray().SequenceEqual(sheet), entry.FullName);
        }
        using var approver = await Session.SignedInAsync(shared.Portal, Roles.Approver);
        var evidence = await approver.GetAsync($"/requests/{shared.Story.Waiting.Id}/evidence.json");
        evidence.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await evidence.Content.ReadAsStringAsync()).ShouldNotContain(ProbeCodes.Revival);
    }

    [Fact]
    public async Task Sheet_ForNobodySignedIn_AsksToSignIn()
    {
        using var session = new Session(shared.Portal);

        (await session.GetAsync(Url(ProbeCodes.Noise) + "/veiled")).StatusCode.ShouldBe(HttpStatusCode.Redirect);
    }

    [Theory]
    [InlineData(Roles.Reviewer, false, false)]
    [InlineData(Roles.Approver, false, false)]
    [InlineData(Roles.Auditor, false, true)]
    [InlineData(Roles.Administrator, true, true)]
    public async Task Page_ByRole_OffersTheFormToAdministratorsAndRestrictedProbesToThoseWhoMaySeeThem(string role, bool form, bool restricted)
    {
        using var session = await Session.SignedInAsync(shared.Portal, role);

        var html = await (await session.GetAsync($"/requests/{shared.Story.Waiting.Id}/red-team")).Content.ReadAsStringAsync();

        html.Contains("data-probe-form", StringComparison.Ordinal).ShouldBe(form);
        html.Contains("/sheets/revival", StringComparison.Ordinal).ShouldBe(restricted);
        html.Contains("data-hidden-probes", StringComparison.Ordinal).ShouldBe(!restricted);
        html.ShouldContain("/sheets/noise");
    }

    private PictureReveals Reveals => shared.Portal.Services.GetRequiredService<PictureReveals>();

    private string Url(string code) => $"/red-team/{shared.Story.Attack.Id}/sheets/{code}";
}
