using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Inspection;

/// <summary>Reads the weights of one part to the end.</summary>
internal static class PartWeights
{
    /// <param name="part">The part's folder in the model folder.</param>
    /// <param name="stem">File name of its weights without extension.</param>
    /// <param name="expected">The tensors by its configuration; null if that cannot be read.</param>
    /// <param name="rename">From the checkpoint's names to the network's.</param>
    /// <exception cref="ModelFormatException">There are no weights, or the file is damaged.</exception>
    public static ModelPartReport Inspect(
        string directory, string part, string stem, IReadOnlyList<ParameterShape>? expected, Func<string, string?>? rename, CancellationToken cancellation)
    {
        using var source = CheckpointFolder.OpenWeights(Path.Combine(directory, part), stem);
        var comparison = expected is null ? null : WeightComparison.Of(expected, source, rename);
        var precision = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var notFinite = new List<string>();
        foreach (var entry in source.Entries.Values)
        {
            cancellation.ThrowIfCancellationRequested();
            if (rename is not null && rename(entry.Name) is null)
                continue;
            var dtype = SafetensorsDtype.Name(entry.Dtype);
            precision[dtype] = precision.GetValueOrDefault(dtype) + entry.ElementCount;
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            if (!source.Read(entry.Name).isfinite().all().ToBoolean())
                notFinite.Add(entry.Name);
        }

        return new ModelPartReport(
            part,
            Path.GetRelativePath(directory, source.Location).Replace('\\', '/'),
            precision.Values.Sum(),
            precision,
            comparison?.Missing ?? [],
            comparison?.Unexpected ?? [],
            comparison?.Misshapen ?? [],
            notFinite);
    }

    /// <summary>Returns one sentence per kind of problem.</summary>
    public static IEnumerable<string> Problems(ModelPartReport part)
    {
        (string Kind, IReadOnlyList<string> Tensors)[] kinds =
        [
            ("missing", part.Missing), ("not in its config.json", part.Unexpected), ("misshapen", part.Misshapen), ("with NaN or infinity", part.NotFinite),
        ];
        foreach (var (kind, tensors) in kinds)
        {
            if (tensors.Count > 0)
                yield return $"{part.Source}: {tensors.Count} {(tensors.Count == 1 ? "tensor" : "tensors")} {kind}: {string.Join("; ", tensors)}";
        }
    }
}
