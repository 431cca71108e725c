using Microsoft.EntityFrameworkCore;
using SafetyPortal.Cli.Output;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Trials;
using SafetyPortal.Worker;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Cli.Once;

/// <summary>The portal's use cases and its worker without the web: the same code the pages call, over the same data folder.</summary>
internal sealed class PortalServices : IAsyncDisposable
{
    private readonly ServiceProvider provider;

    private PortalServices(ServiceProvider provider) => this.provider = provider;

    public T Get<T>()
        where T : notnull => provider.GetRequiredService<T>();

    /// <summary>Opens the data folder, brings its database up to date and makes the demo accounts.</summary>
    /// <exception cref="InvalidDataException">It has accounts of people; demo accounts, whose passwords are in a file, must not decide there.</exception>
    public static Task<PortalServices> OpenDemoAsync(DirectoryInfo data, WorkerOptions options, CancellationToken cancellation) =>
        OpenAsync(data, options, demo: true, cancellation);

    /// <summary>Opens the data folder and brings its database up to date; accounts stay as they are.</summary>
    public static Task<PortalServices> OpenAsync(DirectoryInfo data, WorkerOptions options, CancellationToken cancellation) =>
        OpenAsync(data, options, demo: false, cancellation);

    private static async Task<PortalServices> OpenAsync(DirectoryInfo data, WorkerOptions options, bool demo, CancellationToken cancellation)
    {
        var folder = new DataFolder(data.FullName);
        options.CacheFolder ??= Path.Combine(folder.Root, "cache");
        var services = new ServiceCollection()
            .AddLogging(logging => logging
                .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace)
                .AddFilter(level => level >= LogLevel.Critical))
            .AddPortalRequests(folder)
            .AddRunExecutor(options);
        var portal = new PortalServices(services.BuildServiceProvider());
        try
        {
            var databases = portal.Get<IDbContextFactory<PortalDb>>();
            if (demo && File.Exists(folder.Database))
                await RequireDemoAsync(databases, folder, cancellation);
            await PortalDbSetup.MigrateAsync(databases, portal.Get<TimeProvider>(), cancellation);
            if (demo)
                await portal.Get<DemoAccounts>().EnsureAsync(cancellation);
            return portal;
        }
        catch
        {
            await portal.DisposeAsync();
            throw;
        }
    }

    private static async Task RequireDemoAsync(IDbContextFactory<PortalDb> databases, DataFolder folder, CancellationToken cancellation)
    {
        await using var db = await databases.CreateDbContextAsync(cancellation);
        if (!(await db.Database.GetAppliedMigrationsAsync(cancellation)).Any())
            return;
        var names = await db.Users.Select(u => u.UserName!).ToListAsync(cancellation);
        if (names.Find(name => !DemoAccounts.IsDemo(name)) is { } person)
            throw new InvalidDataException($"Expected {folder.Root} to hold demo accounts alone, it has {person}: choose another data folder with --data.");
    }

    /// <summary>Returns the actor of a demo account, signed in now.</summary>
    public Task<Actor> ActorAsync(string name, CancellationToken cancellation) => Get<DemoAccounts>().ActorAsync($"{name}@demo.local", cancellation);

    /// <summary>Carries out a run and shows its progress. Returns its final status, or null when another worker has it.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the run is left as it is and resumes later.</exception>
    public async Task<RunStatus?> CarryOutAsync(long run, IProgress<WorkStep> progress, CancellationToken cancellation)
    {
        var relay = new Relay<RunProgress>(p => progress.Report(new WorkStep(p.Stage.ToString().ToLowerInvariant(), p.Step, p.Steps, p.Message)));
        var status = await Get<RunExecutor>().ExecuteAsync(run, relay, cancellation);
        cancellation.ThrowIfCancellationRequested();
        return status;
    }

    public ValueTask DisposeAsync() => provider.DisposeAsync();
}
