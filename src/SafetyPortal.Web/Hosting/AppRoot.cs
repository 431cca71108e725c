namespace SafetyPortal.Web.Hosting;

/// <summary>The folder that holds <c>appsettings.json</c>: that of the binaries when published, the top of the repository in a clone.</summary>
public static class AppRoot
{
    /// <summary>Returns the nearest such folder, from the folder of the binaries upwards.</summary>
    /// <exception cref="DirectoryNotFoundException">No such folder exists.</exception>
    public static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "appsettings.json")))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException($"Expected appsettings.json in or above {AppContext.BaseDirectory}, found none.");
    }
}
