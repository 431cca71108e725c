using System.Security.Cryptography;
using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Safetensors;

namespace SafetyPortal.Diffusion.Inspection;

/// <summary>The files of a model folder.</summary>
/// <param name="Files">All of them, by path.</param>
/// <param name="Pickles">Those that could run code when loaded.</param>
internal sealed record FolderContents(IReadOnlyList<ModelFileReport> Files, IReadOnlyList<string> Pickles)
{
    /// <summary>Depth below the model folder down to which files are listed and read.</summary>
    public const int MaxDepth = 6;

    private static readonly EnumerationOptions Everything = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, MaxRecursionDepth = MaxDepth };

    public static FolderContents Of(string directory, CancellationToken cancellation)
    {
        var files = new List<ModelFileReport>();
        foreach (var path in Directory.EnumerateFiles(directory, "*", Everything).Order(StringComparer.Ordinal))
        {
            cancellation.ThrowIfCancellationRequested();
            using var stream = RegularFile.HasContent(path) ? File.OpenRead(path) : Stream.Null;
            files.Add(new ModelFileReport(Path.GetRelativePath(directory, path).Replace('\\', '/'), stream.Length, Convert.ToHexStringLower(SHA256.HashData(stream))));
        }

        return new FolderContents(files, [.. files.Select(f => f.Path).Where(ForeignFormat.HasPickleExtension)]);
    }

    /// <summary>Weights that the program does not read: another precision, or a single file next to shards.</summary>
    /// <param name="files">Paths of all files, relative to the model folder.</param>
    /// <param name="sources">What the parts are read from, relative to it.</param>
    public static IEnumerable<string> Unread(IEnumerable<string> files, IEnumerable<string?> sources)
    {
        var present = files.ToHashSet(StringComparer.Ordinal);
        foreach (var source in sources.OfType<string>())
        {
            var part = source.Split('/')[0];
            var stem = part.StartsWith("text_encoder", StringComparison.Ordinal) ? CheckpointFolder.TransformersStem : CheckpointFolder.DiffusersStem;
            var others = CheckpointFolder.Candidates(part, stem).Select(c => c.Replace('\\', '/')).Where(c => c != source && present.Contains(c)).ToList();
            if (others.Count > 0)
                yield return $"{part}: {string.Join(", ", others.Select(Path.GetFileName))} is not read, because {Path.GetFileName(source)} comes first";
        }
    }
}
