using System.Text.Json;
using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>
/// One item of a folder of reference numbers: its tensors in <c>io.safetensors</c>, its JSON files, and the comparisons made with them.
/// A comparison that names no expected tensor takes the item's tensor of the same name.
/// </summary>
/// <param name="root">The folder of all items.</param>
/// <param name="item">Name of the item, a folder in <paramref name="root"/>.</param>
internal sealed class GoldenItem(string root, string item) : IDisposable
{
    private readonly HashSet<string> read = new(StringComparer.Ordinal);
    private readonly List<ParityCheck> checks = [];
    private readonly List<string> absent = [];
    private readonly List<string> unknown = [];
    private SafetensorsFile? file;

    public IReadOnlyList<ParityCheck> Checks => checks;

    public IReadOnlyList<string> AbsentParts => absent;

    /// <summary>Tensors and files of the item that nothing was compared with.</summary>
    public IReadOnlyList<string> UncheckedParts => [.. unknown, .. file is null ? [] : Names.Where(name => !read.Contains(name))];

    public IEnumerable<string> Names => Tensors.Entries.Keys;

    private SafetensorsFile Tensors => file ??= SafetensorsFile.Open(At(item, "io.safetensors"));

    /// <summary>Returns a path below the folder of all items.</summary>
    public string At(params string[] parts) => Path.Combine([root, .. parts]);

    /// <summary>Returns a path below the folder of this item.</summary>
    public string Here(string name) => At(item, name);

    /// <summary>Reads a JSON file of this item. It may hold Python's bare infinities.</summary>
    public JsonElement Json(string name)
    {
        using var document = PythonJson.Parse(File.ReadAllText(Here(name)));
        return document.RootElement.Clone();
    }

    public bool Has(params string[] names) => Array.TrueForAll(names, Tensors.Entries.ContainsKey);

    /// <summary>Returns type and shape of a tensor, without reading it.</summary>
    public SafetensorsEntry Entry(string name) => Tensors.Entries[name];

    public Tensor Read(string name)
    {
        read.Add(name);
        return Tensors.Read(name);
    }

    /// <summary>Returns the only number of a tensor.</summary>
    public double Scalar(string name) => Read(name).to(ScalarType.Float64).sum().ToDouble();

    /// <summary>Returns what follows <paramref name="prefix"/> in the names that begin with it.</summary>
    public List<string> After(string prefix) => [.. Names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Select(n => n[prefix.Length..])];

    /// <summary>Returns what precedes <paramref name="suffix"/> in the names that end with it.</summary>
    public List<string> Before(string suffix) => [.. Names.Where(n => n.EndsWith(suffix, StringComparison.Ordinal)).Select(n => n[..^suffix.Length])];

    /// <summary>Compares what modules of a network put out during a call with the tensors named after them.</summary>
    /// <param name="prefix">What precedes the names of the modules.</param>
    /// <param name="call">Calls the network once. A tensor may hold the first images of the batch alone.</param>
    /// <param name="label">Precedes the names in the report.</param>
    public void Layers(string prefix, nn.Module network, Action call, Action<string, Tensor, Tensor, double> compare, double tolerance, string label = "")
    {
        var modules = network.named_modules().Select(m => m.name).ToHashSet(StringComparer.Ordinal);
        List<string> layers = [.. After(prefix).Where(modules.Contains)];
        using var recorded = new ModuleOutputs(network, layers);
        call();
        foreach (var layer in layers)
        {
            var expected = Read(prefix + layer);
            compare($"{label}{prefix}{layer}", recorded[layer].narrow(0, 0, expected.size(0)), expected, tolerance);
        }
    }

    /// <summary>Makes a comparison if the item has the tensor.</summary>
    public void IfAny(string name, Func<Tensor> actual, Action<string, Tensor, Tensor, double> compare, double tolerance, string label = "")
    {
        if (Has(name))
            compare(label + name, actual(), Read(name), tolerance);
    }

    /// <summary>Makes a comparison if the JSON object has the number.</summary>
    public void IfAny(JsonElement owner, string key, string name, Func<double> actual, Action<string, double, double, double> compare, double tolerance)
    {
        if (owner.TryGetProperty(key, out var expected))
            compare(name, actual(), PythonJson.AsDouble(expected), tolerance);
    }

    /// <summary>Compares by the largest absolute difference.</summary>
    public void Largest(string name, Tensor actual, Tensor expected, double tolerance) =>
        Compare(name, actual, expected, tolerance, (a, e) => (a - e).abs().max());

    public void Largest(string name, Tensor actual, double tolerance) => Largest(name, actual, Read(name), tolerance);

    /// <summary>Compares by the length of the difference over the length of the expected tensor; where that is zero, by the length itself.</summary>
    public void Relative(string name, Tensor actual, Tensor expected, double tolerance) => Compare(name, actual, expected, tolerance, (a, e) =>
    {
        var length = e.norm();
        return (a - e).norm() / (length.ToDouble() > 0 ? length : ones_like(length));
    });

    public void Relative(string name, Tensor actual, double tolerance) => Relative(name, actual, Read(name), tolerance);

    /// <summary>Compares the largest <c>|a - e| / (atol + rtol |e|)</c> with 1.</summary>
    public void Close(string name, Tensor actual, Tensor expected, double rtol, double atol) =>
        Compare(name, actual, expected, 1, (a, e) => ((a - e).abs() / ((e.abs() * rtol) + atol)).max());

    /// <summary>
    /// Compares by the relative difference of two numbers, or by the absolute one where zero is expected. Equal infinities, and two that are no
    /// numbers, do not differ.
    /// </summary>
    public void Number(string name, double actual, double expected, double tolerance) =>
        Add(name, actual.Equals(expected) ? 0 : Math.Abs(actual - expected) / (expected == 0 ? 1 : Math.Abs(expected)), tolerance);

    /// <summary>Compares by the absolute difference of two numbers.</summary>
    public void Absolute(string name, double actual, double expected, double tolerance) => Add(name, Math.Abs(actual - expected), tolerance);

    /// <summary>Compares two sequences; the error is the number of differing places.</summary>
    public void Exact<T>(string name, IReadOnlyList<T> actual, IReadOnlyList<T> expected)
    {
        if (actual.Count != expected.Count)
            Fail(name, $"expected {expected.Count} values, got {actual.Count}");
        else
            Add(name, actual.Zip(expected).Count(pair => !EqualityComparer<T>.Default.Equals(pair.First, pair.Second)), 0);
    }

    /// <summary>Adds a comparison whose error is known already.</summary>
    public void Add(string name, double error, double tolerance) => checks.Add(new(name, error, tolerance));

    /// <summary>Adds a comparison that could not be made.</summary>
    public void Fail(string name, string problem) => checks.Add(new(name, double.NaN, 0, problem));

    /// <summary>Notes an optional part that the folder lacks.</summary>
    public void Absent(string part) => absent.Add(part);

    /// <summary>Notes a file that no comparison is known for.</summary>
    public void Unknown(string part) => unknown.Add(part);

    public void Dispose() => file?.Dispose();

    private void Compare(string name, Tensor actual, Tensor expected, double tolerance, Func<Tensor, Tensor, Tensor> error)
    {
        if (!actual.shape.SequenceEqual(expected.shape))
        {
            Fail(name, $"expected shape [{string.Join(", ", expected.shape)}], got [{string.Join(", ", actual.shape)}]");
            return;
        }

        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Add(name, error(actual.detach().to(ScalarType.Float64), expected.detach().to(ScalarType.Float64)).ToDouble(), tolerance);
    }
}
