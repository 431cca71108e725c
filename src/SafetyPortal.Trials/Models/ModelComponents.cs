using System.Security.Cryptography;
using System.Text;
using SafetyPortal.Diffusion.Inspection;

namespace SafetyPortal.Trials.Models;

/// <summary>Digests of the parts of a model folder, so that evidence names all that made and judged its images and not the UNet alone.</summary>
public static class ModelComponents
{
    // The files that a loader may read; a model card or a picture changes no result.
    private static readonly string[] Extensions = [".safetensors", ".json", ".txt", ".csv", ".onnx", ".model"];

    /// <summary>Returns one digest per sub-folder and per JSON file of the folder itself, in the order of their names.</summary>
    /// <param name="prompts">CSV, or folder of them, that replaces <c>prompts/</c>; null for none.</param>
    public static IReadOnlyList<ModelComponent> Of(string folder, string? prompts = null, CancellationToken cancellation = default)
    {
        var parts = Directory.GetDirectories(folder)
            .Where(part => !Path.GetFileName(part).StartsWith('.') && (prompts is null || Path.GetFileName(part) != PromptFolder.Name))
            .Select(part => (Name: Path.GetFileName(part), Root: part, Files: Readable(part)))
            .Concat(Directory.GetFiles(folder, "*.json").Select(file => (Name: Path.GetFileName(file), Root: folder, Files: new List<string> { file })))
            .ToList();
        if (Directory.Exists(prompts))
            parts.Add((PromptFolder.Name, prompts, Readable(prompts)));
        else if (prompts is not null)
            parts.Add((PromptFolder.Name, Path.GetDirectoryName(Path.GetFullPath(prompts))!, [prompts]));
        return
        [
            .. parts.Where(part => part.Files.Count > 0)
                .OrderBy(part => part.Name, StringComparer.Ordinal)
                .Select(part => new ModelComponent(part.Name, Digest(part.Root, part.Files, cancellation))),
        ];
    }

    /// <summary>Makes sure that a folder still has the parts it had.</summary>
    /// <exception cref="InvalidDataException">One differs, came or went; the message names the first.</exception>
    public static void Demand(string folder, IReadOnlyList<ModelComponent> expected, IReadOnlyList<ModelComponent> actual)
    {
        if (expected.Except(actual).Concat(actual.Except(expected)).FirstOrDefault() is not { Name: var name })
            return;
        throw new InvalidDataException($"Expected {name} of {folder} to be {Find(expected)}, it is {Find(actual)}: the model was changed on disk.");

        string Find(IReadOnlyList<ModelComponent> parts) =>
            parts.FirstOrDefault(part => string.Equals(part.Name, name, StringComparison.Ordinal))?.Digest ?? "absent";
    }

    private static List<string> Readable(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase)),
    ];

    private static string Digest(string root, List<string> files, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var named = files.Select(file => (Name: Path.GetRelativePath(root, file).Replace('\\', '/'), File: file));
        foreach (var (name, file) in named.OrderBy(pair => pair.Name, StringComparer.Ordinal))
        {
            cancellation.ThrowIfCancellationRequested();
            using var content = RegularFile.HasContent(file) ? File.OpenRead(file) : Stream.Null;
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}\n{Convert.ToHexStringLower(SHA256.HashData(content))}\n"));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
