using Microsoft.Extensions.DependencyInjection;
using Quartz;
using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Worker;

/// <summary>Adds the worker to a host.</summary>
public static class WorkerServices
{
    /// <summary>What it takes to carry out runs by hand: <see cref="RunExecutor"/>, <see cref="ProbeOrderExecutor"/> and the torch thread.</summary>
    public static IServiceCollection AddRunExecutor(this IServiceCollection services, WorkerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        services.AddSingleton(options);
        services.AddSingleton(_ => new TorchThread(options.Threads));
        services.AddSingleton<RunExecutor>();
        services.AddSingleton<ProbeOrderExecutor>();
        services.AddSingleton<WorkQueue>();
        services.AddSingleton<ModelRegistration>();
        return services;
    }

    /// <summary>
    /// Carries out queued runs and red-team orders in the background of this process: at start those a dead process left behind, then as one is queued, and
    /// every half minute whatever was missed. The database is the queue; Quartz keeps its jobs in memory. Needs <see cref="AddRunExecutor"/>.
    /// </summary>
    public static IServiceCollection AddRunWorker(this IServiceCollection services)
    {
        services.AddQuartz(quartz =>
        {
            quartz.UseInMemoryStore();
            quartz.AddJob<RunJob>(job => job.WithIdentity(RunJob.Key));
            quartz.AddTrigger(trigger => trigger.ForJob(RunJob.Key).StartNow().WithSimpleSchedule(schedule => schedule.WithInterval(TimeSpan.FromSeconds(30)).RepeatForever()));
        });
        services.AddQuartzHostedService();
        services.AddHostedService<QueueWatch>();
        return services;
    }
}
