using System.Net;
using SafetyPortal.Requests.Data;
using SafetyPortal.Trials.Measuring;
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

    /// <summary>
    /// Reverse proxies whose word on the visitor's address and scheme counts ("Portal:KnownProxies", addresses parted by commas); no one else's does.
    /// </summary>
    public IReadOnlyList<IPAddress> KnownProxies { get; init; } = [];

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
        // Kestrel's own section adds endpoints and takes precedence over UseUrls, so both have to be looked at.
        string[] listening = [.. addresses, .. configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"] ?? "")];
        var proxies = ReadProxies(configuration["Portal:KnownProxies"]);
        if (demo)
            Security.LoopbackOnly.Require(listening);
        if (demo && proxies.Count > 0)
            throw new Security.DemoOnOpenAddressException("Demo:Enabled is true, which creates accounts with published passwords; it does not stand behind a proxy, but Portal:KnownProxies names one.");
        builder.WebHost.UseUrls(addresses);

        return new PortalSettings
        {
            Root = root,
            Data = new DataFolder(options.DataFolder is { } data ? Path.GetFullPath(data, root) : PortalFolders.Data(configuration, root)),
            ModelRoot = options.ModelRoot is { } models ? Path.GetFullPath(models, root) : PortalFolders.Models(configuration, root),
            LoopbackOnly = proxies.Count == 0 && listening.All(Security.LoopbackOnly.IsLoopback),
            KnownProxies = proxies,
            Demo = demo,
            RunWorker = options.RunWorker ?? configuration.GetValue("Portal:RunWorker", defaultValue: true),
        };
    }

    private static IReadOnlyList<IPAddress> ReadProxies(string? list) =>
    [
        .. (list ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(text => IPAddress.TryParse(text, out var address)
            ? address
            : throw new InvalidOperationException($"Expected IP addresses parted by commas in Portal:KnownProxies, got \"{text}\".")),
    ];

    /// <summary>What the worker in this process goes by: the section "Worker" of the configuration over the defaults, which for the demo suit the embedded model.</summary>
    public WorkerOptions ForWorker(IConfiguration configuration)
    {
        var worker = new WorkerOptions();
        if (Demo) worker.ImageSteps = PaintSettings.DemoSteps;
        configuration.GetSection(WorkerOptions.Section).Bind(worker);
        worker.ModelRoot = ModelRoot;
        worker.CacheFolder ??= Path.Combine(Data.Root, "cache");
        return worker;
    }
}
