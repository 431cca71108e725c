using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Onnx;

/// <summary>What a file holds, parsed and not yet checked for sense.</summary>
internal sealed class OnnxGraph : IDisposable
{
    /// <summary>Version of the default operator set.</summary>
    public long Opset { get; set; }

    public List<OnnxNode> Nodes { get; } = [];

    public Dictionary<string, Tensor> Initializers { get; } = new(StringComparer.Ordinal);

    public List<OnnxPort> Inputs { get; } = [];

    public List<OnnxPort> Outputs { get; } = [];

    public void Dispose()
    {
        foreach (var tensor in Initializers.Values.Concat(Nodes.SelectMany(n => n.Attributes.Values).Select(a => a.Tensor).OfType<Tensor>()))
            tensor.Dispose();
    }
}

/// <summary>An input or output of the graph; a size the file leaves open is null, and so is a shape it does not give.</summary>
public sealed record OnnxPort(string Name, IReadOnlyList<long?>? Shape);

/// <summary>One operation.</summary>
/// <param name="Operator">Its type, with the domain before it unless that is ONNX's own.</param>
/// <param name="Name">The exporter's name for it; may be empty.</param>
/// <param name="Inputs">Names of tensors; empty for one left out.</param>
/// <param name="Outputs">Names of tensors; empty for one nobody wants.</param>
internal sealed record OnnxNode(
    string Operator, string Name, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs, IReadOnlyDictionary<string, OnnxAttribute> Attributes);

/// <summary>An attribute; which member is set depends on its kind.</summary>
internal sealed record OnnxAttribute
{
    public long? Int { get; set; }

    public float? Float { get; set; }

    public string? Text { get; set; }

    public Tensor? Tensor { get; set; }

    public List<long> Ints { get; } = [];

    public List<float> Floats { get; } = [];
}
