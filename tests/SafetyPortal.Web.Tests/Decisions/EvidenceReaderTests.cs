using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Web.Decisions;

namespace SafetyPortal.Web.Tests.Decisions;

[Collection(PortalCollection.Name)]
public class EvidenceReaderTests(SharedPortal shared)
{
    [Fact]
    public async Task ReadDoses_LookedAtBeforeTheyWereDrawn_AreThereAfterwards()
    {
        var approver = await shared.Portal.ActorAsync(Roles.Approver);
        var details = await shared.Portal.Services.GetRequiredService<RequestQueries>().GetAsync(approver.Id, shared.Story.Waiting.Id, default);
        var run = details!.Request.Runs.Single(r => r.Id == details.Request.CurrentRunId);
        using var cache = new MemoryCache(new MemoryCacheOptions());
        var reader = new EvidenceReader(shared.Portal.Services.GetRequiredService<IArtifactStore>(), cache);
        var drawn = run.StageResults.Single(result => result.Stage == RunStage.Generate);

        run.StageResults.Remove(drawn);
        (await reader.ReadDosesAsync(run, default)).ShouldBeEmpty();
        run.StageResults.Add(drawn);

        (await reader.ReadDosesAsync(run, default)).ShouldHaveSingleItem().Images.ShouldNotBeEmpty();
    }
}
