using System.Net;
using System.Net.Sockets;
using SafetyPortal.Requests.Data;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Web.Security;
using SafetyPortal.Worker;

namespace SafetyPortal.Web.Hosting;

/// <summary>
/// The settings of a running portal: <see cref="PortalOptions"/> over arguments and environment over <c>appsettings.json</c>, with absolute paths.
/// </summary>
public sealed record PortalSettings
{
    private const string KnownProxiesKey = "Portal:KnownProxies";

    public required string Root { get; init; }

    public required DataFolder Data { get; init; }

    public required string ModelRoot { get; init; }

    /// <summary>True if no other machine can reach the portal, so that plain HTTP is acceptable.</summary>
    public required bool LoopbackOnly { get; init; }

    /// <summary>The reverse proxies from which the portal takes the visitor's address and scheme.</summary>
    public IReadOnlyList<IPAddress> KnownProxies { get; init; } = [];

    public required bool Demo { get; init; }

    public required bool RunWorker { get; init; }

    /// <exception cref="DemoOnOpenAddressException">Demo mode is on for an address that other machines can reach, or behind a proxy.</exception>
    /// <exception cref="InvalidDataException">The proxies are not IP addresses with commas between them.</exception>
    public static PortalSettings Apply(WebApplicationBuilder builder, PortalOptions options, string root)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(options);
        var configuration = builder.Configuration;
        var urls = options.Url ?? configuration["Urls"] ?? "http://127.0.0.1:5080";
        var addresses = urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var demo = options.Demo ?? configuration.GetValue("Demo:Enabled", defaultValue: false);
        // Kestrel's own section adds endpoints and takes precedence over UseUrls.
        string[] listening = [.. addresses, .. configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"] ?? "")];
        var proxies = ReadProxies(configuration.GetSection(KnownProxiesKey));
        if (demo)
            Security.LoopbackOnly.Require(listening);
        if (demo && proxies.Count > 0)
        {
            throw new DemoOnOpenAddressException(
                $"Demo:Enabled is true, which creates accounts with published passwords; expected no proxy in {KnownProxiesKey}, got {proxies[0]}.");
        }
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

    /// <summary>
    /// Returns the options of this process's worker: the section "Worker" of the configuration over the defaults, which in demo mode suit the embedded model.
    /// </summary>
    /// <exception cref="InvalidDataException">The section holds an unknown setting, or a value of another type.</exception>
    public WorkerOptions ForWorker(IConfiguration configuration)
    {
        var worker = new WorkerOptions();
        if (Demo)
            worker.ImageSteps = PaintSettings.DemoSteps;
        try
        {
            worker.Bind(configuration.GetSection(WorkerOptions.Section));
        }
        catch (InvalidOperationException error)
        {
            throw new InvalidDataException($"The section {WorkerOptions.Section} of the configuration does not fit: {error.Message}", error);
        }
        worker.ModelRoot = ModelRoot;
        worker.CacheFolder ??= Path.Combine(Data.Root, "cache");
        return worker;
    }

    private static IReadOnlyList<IPAddress> ReadProxies(IConfigurationSection setting)
    {
        if (setting.GetChildren().Any())
            throw new InvalidDataException($"Expected IP addresses with commas between them in {KnownProxiesKey}, got a section.");
        return [.. (setting.Value ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(ReadAddress)];
    }

    // IPAddress takes "10.1" for 10.0.0.1 and "10.0.0.010" for 10.0.0.8, so an IPv4 address must be written out in full.
    private static IPAddress ReadAddress(string text) =>
        IPAddress.TryParse(text, out var address)
        && (address.AddressFamily != AddressFamily.InterNetwork || string.Equals(address.ToString(), text, StringComparison.Ordinal))
            ? address
            : throw new InvalidDataException($"Expected IP addresses with commas between them in {KnownProxiesKey}, got \"{text}\".");
}
