using System.Text.Json;
using SafetyPortal.Diffusion.Inspection;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Safetensors;

/// <summary>
/// Several safetensors files behind a <c>*.safetensors.index.json</c> whose <c>weight_map</c> says which file holds which tensor.
/// </summary>
public sealed class ShardedSafetensors : ITensorSource
{
    private const long MaxIndexBytes = 50_000_000;

    private readonly Dictionary<string, SafetensorsFile> shards = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SafetensorsFile> owners = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, SafetensorsEntry> entries = new(StringComparer.Ordinal);

    private ShardedSafetensors(string indexPath) => Location = indexPath;

    /// <inheritdoc/>
    public string Location { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => entries;

    /// <summary>Opens the index and every shard it names; index and shards must agree tensor by tensor.</summary>
    /// <exception cref="ModelFormatException">The index is malformed, names files outside its folder, or disagrees with a shard.</exception>
    public static ShardedSafetensors Open(string indexPath)
    {
        var map = ReadWeightMap(indexPath);
        var folder = Path.GetDirectoryName(Path.GetFullPath(indexPath))!;
        var source = new ShardedSafetensors(indexPath);
        try
        {
            source.RequireShards(folder, map.Select(m => m.Shard));
            foreach (var (tensor, shard) in map)
                source.Add(folder, tensor, shard);
            source.RefuseUnlistedTensors();
            return source;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string FileOf(string name) => Path.GetFileName(owners[name].Location);

    /// <inheritdoc/>
    public Tensor Read(string name, ScalarType? @as = null, Device? device = null) =>
        owners.TryGetValue(name, out var owner)
            ? owner.Read(name, @as, device)
            : throw new ModelFormatException($"{Location}: lists no tensor named \"{name}\"");

    public void Dispose()
    {
        foreach (var shard in shards.Values)
            shard.Dispose();
    }

    // Names all of them at once, so that a person can fetch them together.
    private void RequireShards(string folder, IEnumerable<string> names)
    {
        var missing = names.Where(IsPlain).Distinct(StringComparer.Ordinal).Where(name => !File.Exists(Path.Combine(folder, name))).ToList();
        if (missing.Count > 0)
            throw new ModelFormatException($"{Location}: names files that are missing: {string.Join(", ", missing)}");
    }

    private static bool IsPlain(string shard) =>
        shard.Length > 0 && shard == Path.GetFileName(shard) && shard.EndsWith(".safetensors", StringComparison.Ordinal);

    private void Add(string folder, string tensor, string shard)
    {
        if (!IsPlain(shard))
            throw new ModelFormatException($"{Location}: maps \"{tensor}\" to \"{shard}\"; expected the plain name of a .safetensors file in the same folder");
        if (!shards.TryGetValue(shard, out var file))
        {
            file = SafetensorsFile.Open(Path.Combine(folder, shard));
            shards.Add(shard, file);
        }

        if (!file.Entries.TryGetValue(tensor, out var entry))
            throw new ModelFormatException($"{Location}: maps \"{tensor}\" to {shard}, which does not hold it");
        owners.Add(tensor, file);
        entries.Add(tensor, entry);
    }

    private void RefuseUnlistedTensors()
    {
        foreach (var (name, shard) in shards)
        {
            if (shard.Entries.Keys.FirstOrDefault(t => !owners.TryGetValue(t, out var owner) || owner != shard) is not { } unlisted)
                continue;
            throw new ModelFormatException(owners.ContainsKey(unlisted)
                ? $"{Location}: lists \"{unlisted}\" for {FileOf(unlisted)}, but {name} holds it as well"
                : $"{Location}: does not list \"{unlisted}\" for {name}, which holds it");
        }
    }

    private static List<(string Tensor, string Shard)> ReadWeightMap(string path)
    {
        var root = StrictJson.Object(RegularFile.ReadAllBytes(path, MaxIndexBytes), path);
        if (!root.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object)
            throw new ModelFormatException($"{path}: has no object \"weight_map\"");
        return [.. map.EnumerateObject().Select(item => item.Value.ValueKind == JsonValueKind.String
            ? (item.Name, item.Value.GetString()!)
            : throw new ModelFormatException($"{path}: maps \"{item.Name}\" to {item.Value.ValueKind}; expected a file name"))];
    }
}
