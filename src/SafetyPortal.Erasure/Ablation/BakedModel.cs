using System.Text.Json;
using System.Text.Json.Nodes;
using SafetyPortal.Diffusion.Inspection;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Diffusion.Unet;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Ablation;

/// <summary>
/// A copy of a model folder with patches applied to its UNet, for programs that do not read patches. Weights stay in the files,
/// shards and types they were in; memory holds one tensor at a time.
/// </summary>
public static class BakedModel
{
    private const string UnetFolder = "unet";

    private static readonly Dictionary<string, string> Metadata = new(StringComparer.Ordinal) { ["format"] = "pt" };

    /// <summary>Writes the copy, and deletes it again on any failure.</summary>
    /// <param name="source">The model folder the first patch was made for.</param>
    /// <param name="target">The folder to make; must not exist.</param>
    /// <param name="patches">Applied one on the other; at least one.</param>
    /// <param name="asFloat32">Store the UNet in single precision, which holds any patch's values; otherwise it keeps its types.</param>
    /// <param name="cancellation">Checked before each tensor.</param>
    /// <returns><see cref="WeightsDigest"/> of the written UNet, which is the last patch's result digest.</returns>
    /// <exception cref="PatchMismatchException">
    /// The next patch was made for other weights than the folder or the patch before gives, or the stored type cannot hold the result.
    /// </exception>
    /// <exception cref="IOException">The target exists already, or cannot be written.</exception>
    public static string Write(
        string source, string target, IReadOnlyList<AblationPatch> patches, bool asFloat32 = false, CancellationToken cancellation = default)
    {
        if (patches.Count == 0)
            throw new ArgumentException("Expected at least one patch, got none.", nameof(patches));
        if (Path.Exists(target))
            throw new IOException($"Expected to make the folder {target}, it exists already.");
        FolderBoundary.Require(source, ["."]);
        using var weights = UNet2DConditionModel.OpenWeights(Path.Combine(source, UnetFolder));
        RequireChain(weights, patches);

        var partial = $"{Path.TrimEndingDirectorySeparator(Path.GetFullPath(target))}.{Guid.NewGuid():n}.partial";
        try
        {
            CopyOtherFiles(source, partial, cancellation);
            WriteUnet(weights, Path.Combine(partial, UnetFolder), patches, asFloat32, cancellation);
            var digest = Digest(Path.Combine(partial, UnetFolder));
            if (digest != patches[^1].ResultDigest)
            {
                var rounds = !asFloat32 && weights.Entries.Values.Any(e => e.Dtype is ScalarType.Float16 or ScalarType.BFloat16);
                var reason = rounds ? ": the type the UNet is stored in may be too narrow for the patch's values, single precision is not" : "";
                throw new PatchMismatchException($"Expected the patched weights {patches[^1].ResultDigest}, got {digest}{reason}.");
            }

            Directory.Move(partial, target);
            return digest;
        }
        finally
        {
            if (Directory.Exists(partial))
                Directory.Delete(partial, recursive: true);
        }
    }

    private static void RequireChain(ITensorSource weights, IReadOnlyList<AblationPatch> patches)
    {
        foreach (var mask in patches.SelectMany(p => p.Tensors).Select(t => t.Mask))
        {
            if (!weights.Entries.TryGetValue(mask.Name, out var entry))
                throw new PatchMismatchException($"Expected a weight called {mask.Name}, the model has none.");
            if (!entry.Shape.SequenceEqual(mask.Shape))
            {
                throw new PatchMismatchException(
                    $"Expected {mask.Name} of shape [{string.Join(", ", mask.Shape)}], the model's is [{string.Join(", ", entry.Shape)}].");
            }
        }

        var digest = WeightsDigest.Of(weights);
        foreach (var patch in patches)
        {
            if (patch.BaseDigest != digest)
                throw new PatchMismatchException($"Expected a model with the weights {patch.BaseDigest} that the patch was made for, got {digest}.");
            digest = patch.ResultDigest;
        }
    }

    // Pickles are not copied: they would still hold the unpatched weights.
    private static void CopyOtherFiles(string source, string target, CancellationToken cancellation)
    {
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            cancellation.ThrowIfCancellationRequested();
            var path = Path.GetRelativePath(source, file);
            if (IsUnetWeight(path) || SafetensorsFile.IsPickle(path))
                continue;
            var copy = Path.Combine(target, path);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    private static bool IsUnetWeight(string path) =>
        path.StartsWith(UnetFolder + Path.DirectorySeparatorChar, StringComparison.Ordinal)
        && (path.EndsWith(".safetensors", StringComparison.Ordinal) || Path.GetFileName(path).Contains(".safetensors.index", StringComparison.Ordinal));

    private static void WriteUnet(ITensorSource weights, string folder, IReadOnlyList<AblationPatch> patches, bool asFloat32, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        var changes = patches.SelectMany(p => p.Tensors).ToLookup(t => t.Mask.Name, StringComparer.Ordinal);
        foreach (var file in weights.Entries.Values.GroupBy(e => weights.FileOf(e.Name), StringComparer.Ordinal))
        {
            SafetensorsWriter.WriteDeferred(
                Path.Combine(folder, file.Key),
                file.Select(entry => new DeferredTensor(entry.Name, entry.Shape, asFloat32 ? ScalarType.Float32 : entry.Dtype, () =>
                {
                    cancellation.ThrowIfCancellationRequested();
                    return Patched(weights.Read(entry.Name, asFloat32 ? ScalarType.Float32 : null), changes[entry.Name]);
                })),
                Metadata);
        }

        if (weights is ShardedSafetensors)
            WriteIndex(weights, folder, asFloat32);
    }

    // The same tensors are in files of the same names; only their sizes may differ.
    private static void WriteIndex(ITensorSource weights, string folder, bool asFloat32)
    {
        var index = JsonNode.Parse(File.ReadAllBytes(weights.Location))!.AsObject();
        if (asFloat32 && index["metadata"] is JsonObject metadata)
            metadata["total_size"] = weights.Entries.Values.Sum(e => e.ElementCount) * sizeof(float);
        var text = index.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
        File.WriteAllText(Path.Combine(folder, Path.GetFileName(weights.Location)), text + "\n");
    }

    private static Tensor Patched(Tensor weight, IEnumerable<PatchTensor> changes)
    {
        using var scope = NewDisposeScope();
        var flat = weight.view(-1);
        foreach (var change in changes)
        {
            var indices = tensor(change.Mask.Indices, [change.Mask.Indices.Length]);
            var values = change.Fill is { } fill ? tensor(fill, [fill.Length]).to(weight.dtype) : zeros([change.Mask.Indices.Length], dtype: weight.dtype);
            flat.index_copy_(0, indices, values);
        }

        return weight;
    }

    private static string Digest(string folder)
    {
        using var written = UNet2DConditionModel.OpenWeights(folder);
        return WeightsDigest.Of(written);
    }
}
