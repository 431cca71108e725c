namespace SafetyPortal.DemoWorld.Tests;

/// <summary>Finds the committed artwork from wherever the tests run.</summary>
internal static class RepositoryFiles
{
    public static string Artwork { get; } = Path.Combine(Root(), "models", "demo-artwork");

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "SafetyPortal.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds SafetyPortal.sln.");
    }
}
