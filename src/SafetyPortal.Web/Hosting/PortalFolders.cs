namespace SafetyPortal.Web.Hosting;

/// <summary>Default folders of data and models, for the portal and for every command.</summary>
public static class PortalFolders
{
    /// <summary>Returns the setting <c>Portal:DataFolder</c>, or <c>data</c>; a relative path starts at <paramref name="root"/>.</summary>
    public static string Data(IConfiguration configuration, string root)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return Path.GetFullPath(configuration["Portal:DataFolder"] ?? "data", root);
    }

    /// <summary>Returns the setting <c>Portal:ModelRoot</c>, or <c>models</c>; a relative path starts at <paramref name="root"/>.</summary>
    public static string Models(IConfiguration configuration, string root)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return Path.GetFullPath(configuration["Portal:ModelRoot"] ?? "models", root);
    }

    /// <summary>Returns the configuration of a process without a web host: the environment over <c>appsettings.json</c>.</summary>
    public static IConfiguration Configuration(string root) =>
        new ConfigurationBuilder().SetBasePath(root).AddJsonFile("appsettings.json").AddEnvironmentVariables().Build();
}
