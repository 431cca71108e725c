using System.CommandLine;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Data;
using SafetyPortal.Web.Hosting;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>--data</c> and <c>--models</c> of commands that use the portal's folders; those are the defaults.</summary>
internal static class FolderOptions
{
    public static Option<DirectoryInfo> Data() => new("--data")
    {
        Description = "Data folder. Default: the portal's, data at the top of the program's folder unless its settings say otherwise.",
        DefaultValueFactory = _ => At(PortalFolders.Data),
    };

    public static Option<DirectoryInfo> Models() => new("--models")
    {
        Description = "Folder of models. Default: the portal's, models at the top of the program's folder unless its settings say otherwise.",
        DefaultValueFactory = _ => At(PortalFolders.Models),
    };

    /// <summary>Returns the folder if it holds a portal's database. Opening a folder without one would make an empty database.</summary>
    /// <exception cref="FileNotFoundException">There is no database.</exception>
    public static DirectoryInfo Existing(DirectoryInfo data)
    {
        var database = Path.Combine(data.FullName, DataFolder.DatabaseName);
        return File.Exists(database) ? data : throw new FileNotFoundException($"Expected a portal database at {database}, there is none.");
    }

    /// <summary>Returns the use cases of the portal over a data folder, without a worker.</summary>
    public static ServiceProvider Services(DirectoryInfo data) =>
        new ServiceCollection().AddLogging().AddPortalRequests(new DataFolder(data.FullName)).BuildServiceProvider();

    private static DirectoryInfo At(Func<Microsoft.Extensions.Configuration.IConfiguration, string, string> choose)
    {
        var root = AppRoot.Find();
        return new DirectoryInfo(choose(PortalFolders.Configuration(root), root));
    }
}
