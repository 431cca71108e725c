using System.Net;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Web.Pictures;

namespace SafetyPortal.Web.Tests.Pictures;

[Collection(PortalCollection.Name)]
public class ReferenceVeilTests(SharedPortal shared)
{
    [Fact]
    public async Task Picture_OfANudityRequest_IsSentOnlyAfterACountedReveal()
    {
        var (request, digest) = await FileAsync(ConceptKind.Nudity, "nudity");
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Reviewer);
        var sharp = $"/requests/{request.Id}/pictures/{digest}";

        var refused = await session.GetAsync(sharp);
        refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await refused.Content.ReadAsStringAsync()).ShouldContain("image-veiled");
        var stored = await shared.Portal.Get<IArtifactStore>().ReadAsync(digest, default);
        var veiled = await session.GetAsync(sharp + "/veiled");
        veiled.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await veiled.Content.ReadAsByteArrayAsync()).ShouldNotBe(stored);
        (await session.ReadAsync($"/requests/{request.Id}")).ShouldContain($"{digest}/veiled");

        await Reveals.RevealAsync(await shared.Portal.UserAsync(Roles.Reviewer), PictureOf.Request, request.Id, [digest], default);

        // The history holds the reveal, but nothing that identifies the picture after its deletion.
        await using var db = await shared.Portal.Get<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        var prefix = $"request/{request.Id}/picture/";
        (await db.AuditEvents.Where(e => e.Subject.StartsWith(prefix)).Select(e => e.Subject).ToListAsync()).ShouldHaveSingleItem().ShouldNotContain(digest);
        var sent = await session.GetAsync(sharp);
        sent.StatusCode.ShouldBe(HttpStatusCode.OK);
        sent.Headers.CacheControl!.NoStore.ShouldBeTrue();
        (await sent.Content.ReadAsByteArrayAsync()).ShouldBe(stored);
    }

    [Fact]
    public async Task Picture_OfAnotherKind_IsNotVeiled()
    {
        var (request, digest) = await FileAsync(ConceptKind.Object, "pagoda");
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Reviewer);

        (await session.StatusAsync($"/requests/{request.Id}/pictures/{digest}")).ShouldBe(HttpStatusCode.OK);
        (await session.ReadAsync($"/requests/{request.Id}")).ShouldNotContain($"{digest}/veiled");
    }

    [Fact]
    public async Task RevealAsync_PictureTheRequestDoesNotName_IsNotFound()
    {
        var (request, _) = await FileAsync(ConceptKind.Nudity, "nudity");
        var reviewer = await shared.Portal.UserAsync(Roles.Reviewer);

        await Should.ThrowAsync<NotFoundException>(() => Reveals.RevealAsync(reviewer, PictureOf.Request, request.Id, [new string('0', 64)], default));
    }

    private PictureReveals Reveals => shared.Portal.Get<PictureReveals>();

    private async Task<(EraseRequest Request, string Digest)> FileAsync(ConceptKind kind, string name)
    {
        var digest = await shared.Portal.Get<IArtifactStore>().PutAsync(Story.Picture(77, 2), default);
        var request = await shared.Portal.DraftAsync(shared.Story.Waiting.ModelVersionId, kind, name, digest);
        return (request, digest);
    }
}
