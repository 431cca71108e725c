namespace SafetyPortal.Cli.Commands;

/// <summary>Finds the model that comes with the repository.</summary>
public static class EmbeddedModel
{
    /// <summary>The nearest <c>models/demo</c> at or above the working directory or the program's own folder.</summary>
    public static string Folder => Find(Directory.GetCurrentDirectory()) ?? Find(AppContext.BaseDirectory) ?? Path.Combine("models", "demo");

    private static string? Find(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "models", "demo");
            if (Directory.Exists(candidate)) return candidate;
        }

        return null;
    }
}
