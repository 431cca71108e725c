using System.Net;
using SafetyPortal.Images;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Web.Pictures;

namespace SafetyPortal.Web.Tests.Pictures;

[Collection(PortalCollection.Name)]
public class GalleryPictureTests(SharedPortal shared)
{
    [Fact]
    public async Task Image_OfTheTarget_IsSentOnlyAfterACountedReveal()
    {
        var (runId, gallery) = await GalleryAsync(shared.Story.Waiting);
        var entry = gallery[1];
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Auditor);
        var sharp = $"/runs/{runId}/images/{entry.BeforeDigest}";

        var refused = await session.GetAsync(sharp);
        refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        refused.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        (await refused.Content.ReadAsStringAsync()).ShouldContain("image-veiled");

        var auditor = await shared.Portal.ActorAsync(Roles.Auditor);
        var reveals = shared.Portal.Get<PictureReveals>();
        var before = await reveals.CountRecentAsync(auditor.Id, default);
        var user = await shared.Portal.UserAsync(Roles.Auditor);
        await reveals.RevealAsync(user, PictureOf.Run, runId, [entry.AfterDigest], default);
        await reveals.RevealAsync(user, PictureOf.Run, runId, [entry.BeforeDigest], default);

        (await reveals.CountRecentAsync(auditor.Id, default)).ShouldBe(before + 1);
        var sent = await session.GetAsync(sharp);
        sent.StatusCode.ShouldBe(HttpStatusCode.OK);
        sent.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var stored = await shared.Portal.Get<IArtifactStore>().ReadAsync(entry.BeforeDigest, default);
        (await sent.Content.ReadAsByteArrayAsync()).ShouldBe(stored);
    }

    [Fact]
    public async Task Veiled_Image_KeepsNoDetail()
    {
        var (runId, gallery) = await GalleryAsync(shared.Story.Waiting);
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Approver);

        var answer = await session.GetAsync($"/runs/{runId}/images/{gallery[0].BeforeDigest}/veiled");

        var veiled = ImageCodec.Decode(await answer.Content.ReadAsByteArrayAsync(), ImageLimits.Default);
        var sharp = ImageCodec.Decode(
            await shared.Portal.Get<IArtifactStore>().ReadAsync(gallery[0].BeforeDigest, default), ImageLimits.Default);
        Detail(veiled).ShouldBeLessThan(Detail(sharp) / 5);
        (veiled.Width, veiled.Height).ShouldBe((sharp.Width, sharp.Height));
    }

    [Fact]
    public async Task Image_OfAnotherGroup_IsNotVeiled()
    {
        var (runId, gallery) = await GalleryAsync(shared.Story.Waiting);
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Approver);
        var entry = gallery.First(e => e.Group == "unrelated");

        (await session.StatusAsync($"/runs/{runId}/images/{entry.AfterDigest}")).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Image_DigestOfAnotherRun_IsNotFound()
    {
        var (runId, own) = await GalleryAsync(shared.Story.Waiting);
        var (otherRun, entries) = await GalleryAsync(shared.Story.Released);
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Approver);
        // A target image of the other request: neighbours and unrelated images look alike in both.
        var foreign = entries[0].BeforeDigest;
        own.ShouldNotContain(entry => entry.BeforeDigest == foreign || entry.AfterDigest == foreign);

        (await session.StatusAsync($"/runs/{otherRun}/images/{foreign}/veiled")).ShouldBe(HttpStatusCode.OK);
        (await session.StatusAsync($"/runs/{runId}/images/{foreign}")).ShouldBe(HttpStatusCode.NotFound);
        (await session.StatusAsync($"/runs/{runId}/images/{foreign}/veiled")).ShouldBe(HttpStatusCode.NotFound);
        (await session.StatusAsync($"/runs/{runId}/images/..%2f..%2fportal.db")).ShouldBe(HttpStatusCode.NotFound);
        (await session.StatusAsync($"/runs/987654/images/{foreign}")).ShouldBe(HttpStatusCode.NotFound);
    }

    private async Task<(long RunId, IReadOnlyList<GalleryEntry> Entries)> GalleryAsync(EraseRequest request)
    {
        var (run, evidence) = await shared.Portal.EvidenceAsync(request);
        return (run.Id, evidence.Gallery.Entries);
    }

    // The mean second difference along rows, to which the slow gradients that a veil keeps add nothing.
    private static double Detail(Raster raster)
    {
        double sum = 0;
        for (var y = 0; y < raster.Height; y++)
        {
            for (var x = 1; x < raster.Width - 1; x++)
            {
                var i = (3 * ((y * raster.Width) + x)) + 1;
                sum += Math.Abs(raster.Pixels[i - 3] - (2 * raster.Pixels[i]) + raster.Pixels[i + 3]);
            }
        }
        return sum / (raster.Height * (raster.Width - 2));
    }
}
