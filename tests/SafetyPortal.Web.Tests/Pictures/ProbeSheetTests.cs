using System.IO.Compression;
using System.Net;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Web.Pictures;

namespace SafetyPortal.Web.Tests.Pictures;

/// <summary>Sheets of probes that rebuild the concept reach administrators and auditors alone, on a page and not as a file.</summary>
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
            (await session.StatusAsync(path)).ShouldBe(HttpStatusCode.NotFound, path);

        // Neither after a reveal, nor as an image of the run, which its digest names.
        var user = await shared.Portal.UserAsync(role);
        await Should.ThrowAsync<NotFoundException>(Reveals.RevealAsync(user, PictureOf.ProbeOrder, shared.Story.Order.Id, [code], default));
        var digest = await StoryRedTeam.SheetAsync(shared.Portal, shared.Story.Order, code);
        foreach (var path in new[] { $"{Run}/images/{digest}", $"{Run}/images/{digest}/veiled", $"{Run}/preview/{digest}" })
            (await session.StatusAsync(path)).ShouldBe(HttpStatusCode.NotFound, path);
    }

    [Theory]
    [InlineData(Roles.Reviewer)]
    [InlineData(Roles.Approver)]
    public async Task OpenSheet_ForEveryRole_IsVeiledUntilRevealed(string role)
    {
        using var session = await Session.SignedInAsync(shared.Portal, role);

        (await session.StatusAsync(Url(ProbeCodes.Noise))).ShouldBe(HttpStatusCode.Forbidden);
        (await session.StatusAsync(Url(ProbeCodes.Noise) + "/veiled")).ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(Roles.Auditor)]
    [InlineData(Roles.Administrator)]
    public async Task RestrictedSheet_ForThoseWhoMaySeeIt_IsAPictureAndNoDownload(string role)
    {
        using var session = await Session.SignedInAsync(shared.Portal, role);
        (await session.StatusAsync(Url(ProbeCodes.Revival))).ShouldBe(HttpStatusCode.Forbidden);

        await Reveals.RevealAsync(await shared.Portal.UserAsync(role), PictureOf.ProbeOrder, shared.Story.Order.Id, [ProbeCodes.Revival], default);
        var answer = await session.GetAsync(Url(ProbeCodes.Revival));

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("image/png");
        answer.Content.Headers.ContentDisposition.ShouldBeNull();
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var digest = await StoryRedTeam.SheetAsync(shared.Portal, shared.Story.Order, ProbeCodes.Revival);
        (await session.StatusAsync($"{Run}/images/{digest}")).ShouldBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData(Roles.Approver)]
    [InlineData(Roles.Auditor)]
    public async Task EvidencePack_OfARequestWithAnOrder_HoldsNothingOfIt(string role)
    {
        using var session = await Session.SignedInAsync(shared.Portal, role);
        var store = shared.Portal.Get<IArtifactStore>();
        var sheets = new List<byte[]>();
        foreach (var code in ProbeCodes.AdministratorOnly)
            sheets.Add(await store.ReadAsync(await StoryRedTeam.SheetAsync(shared.Portal, shared.Story.Order, code), default));

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

    [Theory]
    [InlineData(Roles.Reviewer, false, false)]
    [InlineData(Roles.Approver, false, false)]
    [InlineData(Roles.Auditor, false, true)]
    [InlineData(Roles.Administrator, true, true)]
    public async Task Page_ByRole_OffersTheFormToAdministratorsAndRestrictedProbesToThoseWhoMaySeeThem(string role, bool form, bool restricted)
    {
        using var session = await Session.SignedInAsync(shared.Portal, role);

        var html = await session.ReadAsync($"/requests/{shared.Story.Waiting.Id}/red-team");

        html.Contains("data-probe-form", StringComparison.Ordinal).ShouldBe(form);
        html.Contains("/sheets/revival", StringComparison.Ordinal).ShouldBe(restricted);
        html.Contains("data-hidden-probes", StringComparison.Ordinal).ShouldBe(!restricted);
        html.ShouldContain("/sheets/noise");
    }

    private PictureReveals Reveals => shared.Portal.Get<PictureReveals>();

    private string Run => $"/runs/{shared.Story.Order.RunId}";

    private string Url(string code) => $"/red-team/{shared.Story.Order.Id}/sheets/{code}";
}
