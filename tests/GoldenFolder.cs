namespace SafetyPortal.Tests;

/// <summary>Finds <c>tests/goldens</c>, the reference numbers, from wherever the tests run.</summary>
internal static class GoldenFolder
{
    /// <summary>Absolute path of a file or folder in <c>tests/goldens</c>.</summary>
    public static string At(params string[] parts) => Path.Combine([Root(), "tests", "goldens", .. parts]);

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "SafetyPortal.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"No SafetyPortal.sln above {AppContext.BaseDirectory}.");
    }
}
