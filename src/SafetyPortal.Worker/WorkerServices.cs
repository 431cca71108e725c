using Microsoft.Extensions.DependencyInjection;
using Quartz;
using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Worker;

/// <summary>Adds the worker to a host.</summary>
public static class WorkerServices
{
    /// <summary>Adds the torch thread and what carries out runs on demand.</summary>
    public static IServiceCollection AddRunExecutor(this IServiceCollection services, WorkerOptions options) => services
        .AddSingleton(options)
        .AddSingleton(_ => new TorchThread(options.Threads))
        .AddSingleton<RunExecutor>()
        .AddSingleton<ProbeOrderExecutor>()
        .AddSingleton<WorkQueue>()
        .AddSingleton<ModelRegistration>();

    /// <summary>
    /// Carries out queued runs and red-team orders in the background of this process: at its start, as soon as one is queued in this process, and every
    /// half minute. The database is the queue; Quartz keeps its jobs in memory. Needs <see cref="AddRunExecutor"/>.
    /// </summary>
    public static IServiceCollection AddRunWorker(this IServiceCollection services)
    {
        services.AddQuartz(quartz =>
        {
            quartz.UseInMemoryStore();
            quartz.AddJob<RunJob>(job => job.WithIdentity(RunJob.Key));
            quartz.AddTrigger(trigger => trigger.ForJob(RunJob.Key).StartNow()
                .WithSimpleSchedule(schedule => schedule.WithInterval(TimeSpan.FromSeconds(30)).RepeatForever()));
        });
        services.AddQuartzHostedService();
        services.AddHostedService<QueueWatch>();
        return services;
    }
}
