using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Worker;

namespace SafetyPortal.Cli.Once;

/// <summary>The portal's use cases and its worker without the web: the same code the pages call, over the same data folder.</summary>
internal sealed class PortalServices : IAsyncDisposable
{
    private readonly ServiceProvider provider;

    private PortalServices(ServiceProvider provider) => this.provider = provider;

    public T Get<T>()
        where T : notnull => provider.GetRequiredService<T>();

    /// <summary>Opens the data folder, brings its database up to date and makes the demo accounts.</summary>
    public static async Task<PortalServices> OpenAsync(DirectoryInfo data, WorkerOptions options, CancellationToken cancellation)
    {
        var folder = new DataFolder(data.FullName);
        options.CacheFolder ??= Path.Combine(folder.Root, "cache");
        var services = new ServiceCollection()
            .AddLogging(logging => logging.AddSimpleConsole().AddFilter(level => level >= LogLevel.Critical))
            .AddPortalRequests(folder)
            .AddRunExecutor(options);
        var built = services.BuildServiceProvider();
        await PortalDbSetup.MigrateAsync(
            built.GetRequiredService<IDbContextFactory<PortalDb>>(), built.GetRequiredService<TimeProvider>(), cancellation);
        await built.GetRequiredService<DemoAccounts>().EnsureAsync(cancellation);
        return new PortalServices(built);
    }

    /// <summary>The actor of a demo account, signed in now.</summary>
    public Task<Actor> ActorAsync(string name, CancellationToken cancellation) => Get<DemoAccounts>().ActorAsync($"{name}@demo.local", cancellation);

    public ValueTask DisposeAsync() => provider.DisposeAsync();
}
