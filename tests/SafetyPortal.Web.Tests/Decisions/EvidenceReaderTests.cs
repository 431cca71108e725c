using Microsoft.Extensions.Caching.Memory;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Web.Decisions;

namespace SafetyPortal.Web.Tests.Decisions;

[Collection(PortalCollection.Name)]
public class EvidenceReaderTests(SharedPortal shared)
{
    [Fact]
    public async Task ReadDoses_LookedAtBeforeTheyWereDrawn_AreThereAfterwards()
    {
        var run = (await shared.Portal.DetailsAsync(shared.Story.Waiting)).Request.CurrentRun!;
        using var cache = new MemoryCache(new MemoryCacheOptions());
        var reader = new EvidenceReader(shared.Portal.Get<IArtifactStore>(), cache);
        var drawn = run.StageResults.Single(result => result.Stage == RunStage.Generate);

        run.StageResults.Remove(drawn);
        (await reader.ReadDosesAsync(run, default)).ShouldBeEmpty();
        run.StageResults.Add(drawn);

        (await reader.ReadDosesAsync(run, default)).ShouldHaveSingleItem().Images.ShouldNotBeEmpty();
    }
}
