using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Quartz;
using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Worker.Tests.Running;

public sealed class WorkQueueTests
{
    [Fact]
    public async Task WorkOff_UrgentRunQueuedWhileAnotherIsAtWork_IsNext()
    {
        await using var portal = await TinyPortal.CreateAsync();
        var normal = (await portal.QueueAsync(TinyPortal.Content("house"))).CurrentRunId!.Value;
        // The first run waits for the torch thread until the urgent one is queued.
        using var queued = new ManualResetEventSlim();
        var held = portal.Get<TorchThread>().Run(() => queued.Wait());

        var work = Task.Run(() => portal.Get<WorkQueue>().WorkOffAsync(default));
        while ((await portal.ReadAsync()).Run.Status != RunStatus.Running)
            await Task.Delay(10);
        var urgent = (await portal.QueueAsync(TinyPortal.Content("dog") with { Priority = RequestPriority.High })).CurrentRunId!.Value;
        // Without its model a run fails as soon as it begins, which is all this needs of them.
        Directory.Delete(portal.ModelFolder, recursive: true);
        queued.Set();
        await held;
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
        await host.StartAsync();
        await EndedAsync(portal, count: 1);

        // Without the schedule, only the announcements of the runs start the job.
        var scheduler = await host.Services.GetRequiredService<ISchedulerFactory>().GetScheduler();
        await scheduler.PauseJob(RunJob.Key);
        foreach (var name in new[] { "house", "dog", "cat", "tree" })
            await portal.QueueAsync(TinyPortal.Content(name), host.Services);
        var runs = await EndedAsync(portal, count: 5);
        await host.StopAsync();

        runs.ShouldAllBe(run => run.Status == RunStatus.Failed);
        runs.Zip(runs.Skip(1)).ShouldAllBe(pair => pair.First.EndedAt <= pair.Second.StartedAt);
    }

    /// <summary>Waits until <paramref name="count"/> runs have ended, and returns all in the order of their start.</summary>
    private static async Task<List<Run>> EndedAsync(TinyPortal portal, int count)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            await using var db = await portal.Get<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
            var runs = await db.Runs.AsNoTracking().OrderBy(run => run.StartedAt).ToListAsync();
            if (runs.Count(run => !run.IsOpen) == count)
                return runs;
            waited.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(5));
        }
    }
}
