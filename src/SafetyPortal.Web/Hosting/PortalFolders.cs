namespace SafetyPortal.Web.Hosting;

/// <summary>Default folders of the data and the models: the same for the portal and for every command.</summary>
public static class PortalFolders
{
    /// <summary>What <c>Portal:DataFolder</c> says, or <c>data</c>, both from the application's root.</summary>
    public static string Data(IConfiguration configuration, string root)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return Path.GetFullPath(configuration["Portal:DataFolder"] ?? "data", root);
    }

    /// <summary>What <c>Portal:ModelRoot</c> says, or <c>models</c>, both from the application's root.</summary>
    public static string Models(IConfiguration configuration, string root)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return Path.GetFullPath(configuration["Portal:ModelRoot"] ?? "models", root);
    }

    /// <summary>The configuration as a process without a web host sees it: the environment over <c>appsettings.json</c>.</summary>
    public static IConfiguration Configuration(string root) => new ConfigurationBuilder().SetBasePath(root).AddJsonFile("appsettings.json").AddEnvironmentVariables().Build();
}
