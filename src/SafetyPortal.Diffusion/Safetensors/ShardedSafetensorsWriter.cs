using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafetyPortal.Diffusion.Safetensors;

/// <summary>Writes a checkpoint as one safetensors file, or as several of about the same size with an index, named as diffusers names them.</summary>
public static class ShardedSafetensorsWriter
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes one tensor at a time; shards hold them in the order given.</summary>
    /// <param name="folder">Created if absent.</param>
    /// <param name="stem">File name without extension, such as <c>diffusion_pytorch_model</c>.</param>
    /// <param name="shards">How many files at most; 1 writes no index.</param>
    /// <param name="metadata">Free-form text for every file's header.</param>
    public static void Write(
        string folder, string stem, IReadOnlyList<DeferredTensor> tensors, int shards, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        ArgumentOutOfRangeException.ThrowIfLessThan(shards, 1);
        var parts = Split(tensors, shards);
        if (parts.Count <= 1)
        {
            SafetensorsWriter.WriteDeferred(Path.Combine(folder, stem + ".safetensors"), tensors, metadata);
            return;
        }

        var map = new JsonObject();
        for (var i = 0; i < parts.Count; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{stem}-{i + 1:00000}-of-{parts.Count:00000}.safetensors");
            SafetensorsWriter.WriteDeferred(Path.Combine(folder, name), parts[i], metadata);
            foreach (var tensor in parts[i])
                map[tensor.Name] = name;
        }

        var index = new JsonObject
        {
            ["metadata"] = new JsonObject { ["total_size"] = tensors.Sum(t => t.ByteLength) },
            ["weight_map"] = map,
        };
        File.WriteAllText(Path.Combine(folder, stem + ".safetensors.index.json"), index.ToJsonString(Indented) + "\n");
    }

    private static List<List<DeferredTensor>> Split(IReadOnlyList<DeferredTensor> tensors, int shards)
    {
        var total = tensors.Sum(t => t.ByteLength);
        var parts = new List<List<DeferredTensor>>();
        var done = 0L;
        foreach (var tensor in tensors)
        {
            // The middle of a tensor in the whole decides its shard.
            var part = Math.Min(shards - 1, checked((done + (tensor.ByteLength / 2)) * shards) / Math.Max(total, 1));
            if (parts.Count == 0 || (parts.Count <= part && parts[^1].Count > 0))
                parts.Add([]);
            parts[^1].Add(tensor);
            done += tensor.ByteLength;
        }

        return parts;
    }
}
