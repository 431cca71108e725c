using System.Security.Cryptography;
using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Safetensors;

namespace SafetyPortal.Diffusion.Inspection;

/// <summary>The files of a model folder.</summary>
/// <param name="Files">All of them, by path.</param>
/// <param name="Pickles">Those that could run code when loaded.</param>
internal sealed record FolderContents(IReadOnlyList<ModelFileReport> Files, IReadOnlyList<string> Pickles)
{
    /// <summary>The deepest level below the model folder at which files are listed and read.</summary>
    public const int MaxDepth = 6;

    private static readonly EnumerationOptions Everything = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = FileAttributes.None,
        MaxRecursionDepth = MaxDepth,
    };

    public static FolderContents Of(string directory, CancellationToken cancellation)
    {
        var files = new List<ModelFileReport>();
        foreach (var path in Directory.EnumerateFiles(directory, "*", Everything).Order(StringComparer.Ordinal))
        {
            cancellation.ThrowIfCancellationRequested();
            using var stream = RegularFile.HasContent(path) ? File.OpenRead(path) : Stream.Null;
            var name = Path.GetRelativePath(directory, path).Replace('\\', '/');
            files.Add(new ModelFileReport(name, stream.Length, Convert.ToHexStringLower(SHA256.HashData(stream))));
        }

        return new FolderContents(files, [.. files.Select(f => f.Path).Where(ForeignFormat.HasPickleExtension)]);
    }

    /// <summary>Describes weights that the program does not read: another precision, or a single file next to shards.</summary>
    /// <param name="sources">The files that the parts are read from.</param>
    public IEnumerable<string> Unread(IEnumerable<string?> sources)
    {
        var present = Files.Select(f => f.Path).ToHashSet(StringComparer.Ordinal);
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
