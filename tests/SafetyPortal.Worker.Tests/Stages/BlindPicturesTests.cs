using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Blind;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Worker.Stages;
using SafetyPortal.Worker.Tests.Running;

namespace SafetyPortal.Worker.Tests.Stages;

public sealed class BlindPicturesTests
{
    [Fact]
    public async Task Read_PlaceboOfAPartOfThePlan_PairsImagesOfOnePromptAndSeed()
    {
        await using var portal = await TinyPortal.CreateAsync(configure: options =>
        {
            options.RedTeam.Enabled = false;
            options.ControlImages = options.Images;
        });
        (await portal.RunAsync()).ShouldBe(RunStatus.Succeeded);
        var evidence = await portal.EvidenceAsync();
        var targets = evidence.Gallery.Entries.Where(entry => entry.Group == "target").ToList();

        var whole = await ReadAsync();
        await KeepAsync(image => image.CaseId == "church-01");
        var part = await ReadAsync();

        whole.Select(triple => (triple.Seed, triple.Unedited.Image, triple.Edited.Image))
            .ShouldBe(targets.Select(entry => (entry.Seed, entry.BeforeDigest, entry.AfterDigest)));
        part.ShouldHaveSingleItem().ShouldBe(whole[1]);

        async Task<IReadOnlyList<BlindTriple>> ReadAsync() =>
            await BlindPictures.ReadAsync(portal.Get<IArtifactStore>(), (await portal.ReadAsync()).Run, evidence, default);

        // Stores the output of the generate stage anew, with a part of the placebo's images.
        async Task KeepAsync(Predicate<ImageReading> keep)
        {
            var artifacts = portal.Get<IArtifactStore>();
            var digest = (await portal.ReadAsync()).Run.StageResults.Single(result => result.Stage == RunStage.Generate).ArtifactDigest;
            var output = JsonSerializer.Deserialize<GenerateOutput>(await artifacts.ReadAsync(digest, default), CanonicalJson.Options)!;
            output = output with
            {
                Controls = [.. output.Controls.Select(c => c with { Gallery = c.Gallery with { Images = [.. c.Gallery.Images.Where(i => keep(i))] } })],
            };
            var changed = await artifacts.PutAsync(Encoding.UTF8.GetBytes(CanonicalJson.Serialize(output)), default);
            await using var db = await portal.Get<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
            await db.StageResults.Where(r => r.Stage == RunStage.Generate).ExecuteUpdateAsync(set => set.SetProperty(r => r.ArtifactDigest, changed));
        }
    }
}
