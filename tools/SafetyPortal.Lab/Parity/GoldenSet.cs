using System.Text.Json;
using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Safetensors;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>A folder of reference numbers: one folder an item, each with <c>io.safetensors</c> and JSON files.</summary>
internal sealed class GoldenSet(string root)
{
    public string At(params string[] parts) => Path.Combine([root, .. parts]);

    public bool Has(params string[] parts) => File.Exists(At(parts)) || Directory.Exists(At(parts));

    /// <summary>The tensors of an item; the caller disposes them.</summary>
    public GoldenTensors Tensors(string item) => new(At(item, "io.safetensors"));

    /// <summary>A JSON file, Python's bare infinities included.</summary>
    public JsonElement Json(params string[] parts)
    {
        using var document = PythonJson.Parse(File.ReadAllText(At(parts)));
        return document.RootElement.Clone();
    }
}

/// <summary>The tensors of one item. Remembers which were read, so that a report can say what nothing was compared with.</summary>
internal sealed class GoldenTensors(string path) : IDisposable
{
    private readonly SafetensorsFile _file = SafetensorsFile.Open(path);
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    public bool Has(string name) => _file.Entries.ContainsKey(name);

    /// <summary>Type and shape of a tensor, without reading it.</summary>
    public SafetensorsEntry Entry(string name) => _file.Entries[name];

    public IEnumerable<string> Names => _file.Entries.Keys;

    /// <summary>Names that nothing has read.</summary>
    public IEnumerable<string> Unread => _file.Entries.Keys.Where(name => !_read.Contains(name));

    public Tensor Read(string name)
    {
        _read.Add(name);
        return _file.Read(name);
    }

    /// <summary>What follows <paramref name="prefix"/> in the names that begin with it.</summary>
    public List<string> After(string prefix) => [.. Names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Select(n => n[prefix.Length..])];

    /// <summary>Names of the network's modules that were recorded under <paramref name="prefix"/>.</summary>
    public List<string> Layers(string prefix, nn.Module network)
    {
        var modules = network.named_modules().Select(m => m.name).ToHashSet(StringComparer.Ordinal);
        return [.. After(prefix).Where(modules.Contains)];
    }

    /// <summary>What precedes <paramref name="suffix"/> in the names that end with it.</summary>
    public List<string> Before(string suffix) => [.. Names.Where(n => n.EndsWith(suffix, StringComparison.Ordinal)).Select(n => n[..^suffix.Length])];

    public void Dispose() => _file.Dispose();
}
