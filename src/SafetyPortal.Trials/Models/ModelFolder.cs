namespace SafetyPortal.Trials.Models;

/// <summary>Finds a model's folder under the configured root.</summary>
public static class ModelFolder
{
    /// <summary>Returns the absolute path of a model.</summary>
    /// <exception cref="ArgumentException">The name is a path and not a single folder name.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static string Resolve(string root, string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(root);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (name is "." or ".." || name.AsSpan().IndexOfAny('/', '\\', '\0') >= 0)
            throw new ArgumentException($"Expected the name of a folder under the model root, got \"{name}\".", nameof(name));
        var path = Path.GetFullPath(Path.Combine(root, name));
        return Directory.Exists(path) ? path : throw new DirectoryNotFoundException($"Expected the model folder {path}, there is none.");
    }
}
