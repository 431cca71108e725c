using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Onnx;

/// <summary>
/// A network from an ONNX file, run with libtorch on the CPU. The file is untrusted: it is parsed with limits, it cannot name other files,
/// and operators that are not implemented are all named before anything runs.
/// </summary>
public sealed class OnnxSession : IDisposable
{
    private readonly OnnxGraph _graph;
    private readonly Dictionary<string, int> _lastUse = new(StringComparer.Ordinal);

    private OnnxSession(OnnxGraph graph)
    {
        _graph = graph;
        // Older files repeat the stored tensors among the inputs.
        Inputs = [.. graph.Inputs.Where(i => !graph.Initializers.ContainsKey(i.Name))];
        CheckPorts();
        CheckOperators();
        CheckOrder();
    }

    /// <summary>What the network takes.</summary>
    public IReadOnlyList<OnnxPort> Inputs { get; }

    /// <summary>What it gives.</summary>
    public IReadOnlyList<OnnxPort> Outputs => _graph.Outputs;

    /// <summary>Reads a file.</summary>
    /// <exception cref="OnnxException">It is missing, too large, damaged, or needs what is not supported; the message names all of that.</exception>
    public static OnnxSession Load(string path)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > OnnxLimits.MaxFileBytes } large)
                throw new OnnxException($"has {large.Length:N0} bytes; at most {OnnxLimits.MaxFileBytes:N0} are read");
            return Parse(File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OnnxException)
        {
            throw new OnnxException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Reads a model from memory.</summary>
    /// <exception cref="OnnxException">It is damaged or needs what is not supported.</exception>
    public static OnnxSession Parse(ReadOnlySpan<byte> model)
    {
        using var scope = NewDisposeScope();
        var graph = OnnxGraphReader.Read(model);
        try
        {
            return new(graph);
        }
        catch
        {
            graph.Dispose();
            throw;
        }
    }

    /// <summary>Runs a network that takes and gives one tensor.</summary>
    /// <param name="input">In the shape the file declares.</param>
    /// <returns>The first output; the caller's.</returns>
    /// <exception cref="OnnxException">The shape is not the declared one, or an operation fails; the message names it.</exception>
    public Tensor Run(Tensor input)
    {
        if (Inputs.Count != 1)
            throw new OnnxException($"expected a network with one input, it has {Inputs.Count}: {string.Join(", ", Inputs.Select(i => i.Name))}");
        var outputs = Run(new Dictionary<string, Tensor>(StringComparer.Ordinal) { [Inputs[0].Name] = input });
        foreach (var (name, extra) in outputs)
        {
            if (name != Outputs[0].Name)
                extra.Dispose();
        }

        return outputs[Outputs[0].Name];
    }

    /// <summary>Runs the network.</summary>
    /// <param name="inputs">One tensor per name in <see cref="Inputs"/>; they stay the caller's.</param>
    /// <returns>One tensor per name in <see cref="Outputs"/>; the caller's, or the open dispose scope's.</returns>
    /// <exception cref="OnnxException">An input is missing or has another shape than declared, or an operation fails; the message names it.</exception>
    public IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var values = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var port in Inputs)
            values.Add(port.Name, Checked(port, inputs));
        var live = 0L;
        for (var i = 0; i < _graph.Nodes.Count; i++)
        {
            var node = _graph.Nodes[i];
            foreach (var (name, value) in Step(node, values))
            {
                values.Add(name, value);
                live += value.numel();
            }

            if (live > OnnxLimits.MaxLiveElements)
                throw new OnnxException($"{Describe(node)}: intermediate results of more than {OnnxLimits.MaxLiveElements:N0} numbers at one time");
            foreach (var name in node.Inputs.Concat(node.Outputs).Where(n => n.Length > 0 && _lastUse.GetValueOrDefault(n, -1) <= i).Distinct(StringComparer.Ordinal))
            {
                if (inputs.ContainsKey(name) || !values.Remove(name, out var finished))
                    continue;
                live -= finished.numel();
                finished.Dispose();
            }
        }

        return Outputs.ToDictionary(o => o.Name, o => Value(o.Name, values).alias().MoveToOuterDisposeScope(), StringComparer.Ordinal);
    }

    public void Dispose() => _graph.Dispose();

    private List<(string Name, Tensor Value)> Step(OnnxNode node, Dictionary<string, Tensor> values)
    {
        using var scope = NewDisposeScope();
        try
        {
            Tensor?[] given = [.. node.Inputs.Select(n => n.Length == 0 ? null : Value(n, values))];
            var results = OnnxOperators.All[node.Operator](new OnnxCall(node, given, _graph.Opset));
            if (results.Length < node.Outputs.Count(o => o.Length > 0))
                throw new OnnxException($"only {results.Length} of {node.Outputs.Count} outputs are supported");
            var named = new List<(string, Tensor)>();
            for (var i = 0; i < Math.Min(results.Length, node.Outputs.Count); i++)
            {
                // An operator that changes nothing may hand back what it was given, which is freed on its own.
                var result = Array.Exists(given, g => ReferenceEquals(g, results[i])) ? results[i].alias() : results[i];
                if (node.Outputs[i].Length > 0)
                    named.Add((node.Outputs[i], result.MoveToOuterDisposeScope()));
            }

            return named;
        }
        catch (Exception e) when (e is OnnxException or ExternalException or ArgumentException or IndexOutOfRangeException or OverflowException or InvalidOperationException)
        {
            throw new OnnxException($"{Describe(node)}: {e.Message}", e);
        }
    }

    private Tensor Value(string name, Dictionary<string, Tensor> values) => values.TryGetValue(name, out var value) ? value : _graph.Initializers[name];

    private static Tensor Checked(OnnxPort port, IReadOnlyDictionary<string, Tensor> inputs)
    {
        if (!inputs.TryGetValue(port.Name, out var value))
            throw new OnnxException($"input {port.Name} is missing");
        if (port.Shape is { } shape && (shape.Count != value.dim() || shape.Where((size, d) => size is not null && size != value.size(d)).Any()))
            throw new OnnxException($"input {port.Name} should be [{string.Join(", ", shape.Select(s => s?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "any"))}], got {OnnxCall.Shape(value)}");
        return value;
    }

    // A caller tells ports by their names.
    private void CheckPorts()
    {
        foreach (var (kind, ports) in new[] { ("inputs", Inputs), ("outputs", Outputs) })
        {
            if (ports.CountBy(p => p.Name, StringComparer.Ordinal).FirstOrDefault(named => named.Value > 1) is { Key: { } twice })
                throw new OnnxException($"the graph has several {kind} called \"{twice}\"");
        }
    }

    private void CheckOperators()
    {
        var unknown = _graph.Nodes.Select(n => n.Operator).Where(o => !OnnxOperators.All.ContainsKey(o)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (unknown.Count > 0)
            throw new OnnxException($"the network needs operators that are not supported: {string.Join(", ", unknown)}");
    }

    // Every tensor is made once, before it is used.
    private void CheckOrder()
    {
        var known = _graph.Initializers.Keys.Concat(Inputs.Select(i => i.Name)).ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < _graph.Nodes.Count; i++)
        {
            var node = _graph.Nodes[i];
            foreach (var name in node.Inputs.Where(n => n.Length > 0))
            {
                if (!known.Contains(name))
                    throw new OnnxException($"{Describe(node)} takes \"{name}\", which nothing before it gives");
                _lastUse[name] = i;
            }

            foreach (var name in node.Outputs.Where(n => n.Length > 0))
            {
                if (!known.Add(name))
                    throw new OnnxException($"{Describe(node)} gives \"{name}\", which is there already");
            }
        }

        if (Outputs.Count == 0)
            throw new OnnxException("the graph has no outputs");
        foreach (var output in Outputs)
        {
            if (!known.Contains(output.Name))
                throw new OnnxException($"the graph gives \"{output.Name}\", which nothing in it makes");
            _lastUse[output.Name] = int.MaxValue;
        }
    }

    private static string Describe(OnnxNode node) => node.Name.Length > 0 ? $"{node.Operator} \"{node.Name}\"" : $"{node.Operator} making \"{node.Outputs.FirstOrDefault()}\"";
}
