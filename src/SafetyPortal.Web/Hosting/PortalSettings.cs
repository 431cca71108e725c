using SafetyPortal.Requests.Data;
using SafetyPortal.Worker;

namespace SafetyPortal.Web.Hosting;

/// <summary>
/// The settings a running portal works with: <see cref="PortalOptions"/> over environment and arguments over <c>appsettings.json</c>,
/// with every path made absolute.
/// </summary>
public sealed record PortalSettings
{
    public required string Root { get; init; }

    public required DataFolder Data { get; init; }

    public required string ModelRoot { get; init; }

    /// <summary>True when no other machine can reach the portal, so that plain HTTP is acceptable.</summary>
    public required bool LoopbackOnly { get; init; }

    public required bool Demo { get; init; }

    public required bool RunWorker { get; init; }

    public static PortalSettings Apply(WebApplicationBuilder builder, PortalOptions options, string root)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(options);
        var configuration = builder.Configuration;
        var urls = options.Url ?? configuration["Urls"] ?? configuration["ASPNETCORE_URLS"] ?? "http://127.0.0.1:5080";
        var addresses = urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var demo = options.Demo ?? configuration.GetValue("Demo:Enabled", defaultValue: false);
        if (demo)
            Security.LoopbackOnly.Require(addresses);
        builder.WebHost.UseUrls(addresses);

        return new PortalSettings
        {
            Root = root,
            Data = new DataFolder(options.DataFolder is { } data ? Path.GetFullPath(data, root) : PortalFolders.Data(configuration, root)),
            ModelRoot = options.ModelRoot is { } models ? Path.GetFullPath(models, root) : PortalFolders.Models(configuration, root),
            LoopbackOnly = addresses.All(Security.LoopbackOnly.IsLoopback),
            Demo = demo,
            RunWorker = options.RunWorker ?? configuration.GetValue("Portal:RunWorker", defaultValue: true),
        };
    }

    /// <summary>What the worker in this process goes by: the section "Worker" of the configuration over the defaults.</summary>
    public WorkerOptions ForWorker(IConfiguration configuration)
    {
        var worker = configuration.GetSection(WorkerOptions.Section).Get<WorkerOptions>() ?? new WorkerOptions();
        worker.ModelRoot = ModelRoot;
        worker.CacheFolder ??= Path.Combine(Data.Root, "cache");
        return worker;
    }
}
