namespace SafetyPortal.Diffusion.Inspection;

/// <summary>
/// Finds links that lead out of a model folder. A link may lead to another place in the folder, or into the <c>blobs</c> of a Hugging Face cache that
/// holds the folder in its <c>snapshots</c>.
/// </summary>
public static class FolderBoundary
{
    private const int MaxEntries = 20_000;

    /// <summary>Throws for links out of the parts of a model.</summary>
    /// <param name="parts">Files and folders of the model folder that will be read.</param>
    /// <exception cref="ModelFormatException">Names the links and where they lead.</exception>
    public static void Require(string directory, IEnumerable<string> parts)
    {
        var problems = Problems(directory, parts);
        if (problems.Count > 0)
            throw new ModelFormatException($"{directory}: {string.Join("; ", problems)}");
    }

    /// <summary>Returns what is wrong with links among the parts of a model; empty if nothing.</summary>
    public static IReadOnlyList<string> Problems(string directory, IEnumerable<string> parts)
    {
        var root = Canonical(directory); // the caller may name the model folder by a link
        var problems = new List<string>();
        var seen = 0;
        foreach (var part in parts)
            Visit(new DirectoryInfo(Path.Combine(root, part)), part == "." ? 0 : 1);
        return problems;

        void Visit(FileSystemInfo entry, int depth)
        {
            if (++seen > MaxEntries)
                throw new ModelFormatException($"{directory}: holds more than {MaxEntries} files");
            if (entry.LinkTarget is not null)
            {
                if (Problem(root, entry) is { } problem)
                    problems.Add($"{Path.GetRelativePath(root, entry.FullName)} {problem}");
            }
            else if (entry is DirectoryInfo { Exists: true } folder && depth <= FolderContents.MaxDepth)
            {
                foreach (var child in folder.EnumerateFileSystemInfos().OrderBy(c => c.Name, StringComparer.Ordinal))
                    Visit(child, depth + 1);
            }
        }
    }

    private static string? Problem(string root, FileSystemInfo link)
    {
        string target;
        try
        {
            target = Canonical(link.FullName);
        }
        catch (IOException e)
        {
            return $"is a link that cannot be followed: {e.Message}";
        }

        return Within(root, target) || (Blobs(root) is { } blobs && Within(blobs, target)) ? null : $"is a link to {target}, outside the model folder";
    }

    private static bool Within(string folder, string path) => path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    // .../models--NAME/snapshots/REVISION links to .../models--NAME/blobs.
    private static string? Blobs(string root)
    {
        var snapshots = Path.GetDirectoryName(root);
        return Path.GetFileName(snapshots) == "snapshots" ? Path.Combine(Path.GetDirectoryName(snapshots)!, "blobs") : null;
    }

    // Returns the path without any link in it.
    private static string Canonical(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var parent = Path.GetDirectoryName(full);
        if (parent is null)
            return full;
        var here = Path.Combine(Canonical(parent), Path.GetFileName(full));
        return new FileInfo(here).ResolveLinkTarget(returnFinalTarget: true) is { } target ? Canonical(target.FullName) : here;
    }
}
