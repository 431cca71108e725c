using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Worker.Tests.Running;

public sealed class WorkQueueTests
{
    [Fact]
    public async Task WorkOff_UrgentRunQueuedWhileAnotherIsAtWork_IsNext()
    {
        await using var portal = await TinyPortal.CreateAsync();
        var normal = await QueueAsync(portal, "house", RequestPriority.Normal);
        Task<long>? urgent = null;
        portal.Get<RunAnnouncer>().Changed += id => urgent ??= id == portal.RunId ? QueueAsync(portal, "dog", RequestPriority.High) : null;

        // Without its model a run fails as soon as it began, which is all this needs.
        Directory.Delete(portal.ModelFolder, recursive: true);
        await portal.Get<WorkQueue>().WorkOffAsync(default);

        await using var db = await portal.Get<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        var runs = await db.Runs.AsNoTracking().ToListAsync();
        runs.ShouldAllBe(run => run.Status == RunStatus.Failed);
        runs.OrderBy(run => run.StartedAt).Select(run => run.Id).ShouldBe([portal.RunId, await urgent.ShouldNotBeNull(), normal]);
        (await portal.Get<WorkQueue>().WaitsAsync(default)).ShouldBeFalse();
    }

    [Fact]
    public async Task Ask_BeforeTheWorkBegan_IsHeardOnce()
    {
        await using var portal = await TinyPortal.CreateAsync();
        var queue = portal.Get<WorkQueue>();
        Directory.Delete(portal.ModelFolder, recursive: true);

        (queue.Ask(), queue.Ask()).ShouldBe((true, false));
        await queue.WorkOffAsync(default);

        queue.Ask().ShouldBeTrue();
    }

    private static async Task<long> QueueAsync(TinyPortal portal, string name, RequestPriority priority)
    {
        var model = (await portal.ReadAsync()).Request.ModelVersionId;
        var request = await portal.Get<FileRequest>().ExecuteAsync(
            portal.Reviewer,
            new RequestContent
            {
                ModelVersionId = model,
                ConceptKind = ConceptKind.Object,
                ConceptName = name,
                ConceptPrompts = [$"a picture of a {name}"],
                Priority = priority,
                Justification = "Needed by a test of the queue.",
            },
            default);
        await portal.Get<SubmitRequest>().ExecuteAsync(portal.Reviewer, request.Id, default);
        return (await portal.Get<StartRun>().ExecuteAsync(portal.Reviewer, request.Id, default)).Id;
    }
}
