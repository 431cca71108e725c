namespace SafetyPortal.Web.Hosting;

/// <summary>
/// Finds the folder that holds <c>appsettings.json</c> and <c>wwwroot-assets</c>: next to the binaries when published,
/// the top of the repository in a clone.
/// </summary>
public static class AppRoot
{
    public const string AssetsFolder = "wwwroot-assets";

    /// <summary>Looks in the folder of the binaries, then in the working directory, and in everything above each of them.</summary>
    /// <exception cref="DirectoryNotFoundException">No such folder exists; the message lists where it was looked for.</exception>
    public static string Find() => Find([AppContext.BaseDirectory, Directory.GetCurrentDirectory()]);

    internal static string Find(IReadOnlyList<string> starts)
    {
        foreach (var start in starts)
        {
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            {
                if (Directory.Exists(Path.Combine(folder.FullName, AssetsFolder)) && File.Exists(Path.Combine(folder.FullName, "appsettings.json")))
                    return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException(
            $"Expected a folder with appsettings.json and {AssetsFolder}/ in or above {string.Join(" or ", starts)}, found none.");
    }
}
