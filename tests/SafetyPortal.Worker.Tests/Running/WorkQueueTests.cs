using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
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

        var work = Task.Run(() => portal.Get<WorkQueue>().WorkOffAsync(default));
        while ((await portal.ReadAsync()).Run.Status != RunStatus.Running)
            await Task.Delay(10);
        var urgent = await QueueAsync(portal, "dog", RequestPriority.High);
        // Without its model a run fails as soon as it begins, which is all this needs of the others.
        Directory.Delete(portal.ModelFolder, recursive: true);
        await work;

        await using var db = await portal.Get<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        var runs = await db.Runs.AsNoTracking().ToListAsync();
        runs.ShouldAllBe(run => !run.IsOpen);
        runs.OrderBy(run => run.StartedAt).Select(run => run.Id).ShouldBe([portal.RunId, urgent, normal]);
        (await portal.Get<WorkQueue>().NextRunAsync([], default)).ShouldBeNull();
    }

    [Fact]
    public async Task RunWorker_RunsQueuedBeforeAndAfterItsStart_AreCarriedOutOneAtATime()
    {
        await using var portal = await TinyPortal.CreateAsync();
        Directory.Delete(portal.ModelFolder, recursive: true);
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddPortalRequests(portal.Get<DataFolder>()).AddRunExecutor(portal.Get<WorkerOptions>()).AddRunWorker();
        using var host = builder.Build();
        var start = host.StartAsync();
        foreach (var name in new[] { "house", "dog", "cat", "tree" })
            await QueueAsync(portal, name, RequestPriority.Normal, host.Services);
        await start;

        List<Run> runs;
        var waited = Stopwatch.StartNew();
        do
        {
            await Task.Delay(50);
            await using var db = await portal.Get<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
            runs = await db.Runs.AsNoTracking().OrderBy(run => run.StartedAt).ToListAsync();
        }
        while (runs.Exists(run => run.IsOpen) && waited.Elapsed < TimeSpan.FromSeconds(25));
        await host.StopAsync();

        // Earlier than the half minute after which the schedule alone would have found the later ones.
        runs.Count.ShouldBe(5);
        runs.ShouldAllBe(run => run.Status == RunStatus.Failed);
        runs.Zip(runs.Skip(1)).ShouldAllBe(pair => pair.First.EndedAt <= pair.Second.StartedAt);
    }

    private static async Task<long> QueueAsync(TinyPortal portal, string name, RequestPriority priority, IServiceProvider? services = null)
    {
        var content = new RequestContent
        {
            ModelVersionId = (await portal.ReadAsync()).Request.ModelVersionId,
            ConceptKind = ConceptKind.Object,
            ConceptName = name,
            ConceptPrompts = [$"a picture of a {name}"],
            Priority = priority,
            Justification = "Needed by a test of the queue.",
        };
        var file = services?.GetRequiredService<FileRequest>() ?? portal.Get<FileRequest>();
        return (await file.StartAsync(portal.Reviewer, content, requestId: null, default)).CurrentRunId!.Value;
    }
}
