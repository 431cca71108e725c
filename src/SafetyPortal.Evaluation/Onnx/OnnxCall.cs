using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Onnx;

/// <summary>One operation about to run: its attributes and the tensors it is given.</summary>
internal sealed class OnnxCall(OnnxNode node, Tensor?[] inputs, long opset)
{
    /// <summary>Version of the operator set the model was written for.</summary>
    public long Opset => opset;

    /// <summary>Outputs the node names.</summary>
    public int Outputs => node.Outputs.Count;

    public int Inputs => inputs.Length;

    /// <summary>An input that must be there.</summary>
    public Tensor this[int index] => Optional(index) ?? throw new OnnxException($"input {index} is missing");

    /// <summary>An input that may be left out.</summary>
    public Tensor? Optional(int index) => index < inputs.Length ? inputs[index] : null;

    /// <summary>All inputs; none may be left out.</summary>
    public Tensor[] All() => [.. Enumerable.Range(0, inputs.Length).Select(i => this[i])];

    public bool Has(string name) => node.Attributes.ContainsKey(name);

    public long Int(string name, long absent) => node.Attributes.TryGetValue(name, out var a) ? a.Int ?? throw Kind(name, "a whole number") : absent;

    public float Float(string name, float absent) => node.Attributes.TryGetValue(name, out var a) ? a.Float ?? throw Kind(name, "a number") : absent;

    public string Text(string name, string absent) => node.Attributes.TryGetValue(name, out var a) ? a.Text ?? throw Kind(name, "a text") : absent;

    public Tensor? Constant(string name) => node.Attributes.TryGetValue(name, out var a) ? a.Tensor ?? throw Kind(name, "a tensor") : null;

    public float[]? Floats(string name) => node.Attributes.TryGetValue(name, out var a) ? [.. a.Floats] : null;

    public long[]? Ints(string name) => node.Attributes.TryGetValue(name, out var a) ? [.. a.Ints] : null;

    /// <summary>Whole numbers that older operator sets keep in an attribute and newer ones give as an input; null when neither is there.</summary>
    public long[]? Ints(string name, int input) => Ints(name) ?? (Optional(input) is { } given ? Numbers(given) : null);

    /// <summary>The numbers of a small whole-number tensor.</summary>
    /// <exception cref="OnnxException">It holds other numbers, or too many to be sizes or positions.</exception>
    public static long[] Numbers(Tensor tensor)
    {
        if (tensor.dtype is not (ScalarType.Int64 or ScalarType.Int32) || tensor.dim() > 1 || tensor.numel() > OnnxLimits.MaxElements >> 7)
            throw new OnnxException($"expected a list of whole numbers, got {Shape(tensor)} of {tensor.dtype}");
        using var scope = NewDisposeScope();
        return tensor.to(ScalarType.Int64).contiguous().data<long>().ToArray();
    }

    /// <summary>A tensor with one number.</summary>
    public static double Number(Tensor tensor)
    {
        if (tensor.numel() != 1)
            throw new OnnxException($"expected one number, got {Shape(tensor)}");
        using var scope = NewDisposeScope();
        return tensor.to(ScalarType.Float64).sum().ToDouble();
    }

    /// <summary>A dimension, counted from the end when negative.</summary>
    public static int Axis(long axis, long rank) => axis >= -rank && axis < rank
        ? (int)(axis < 0 ? axis + rank : axis)
        : throw new OnnxException($"axis {axis} of a tensor with {rank} dimensions");

    public static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";

    private OnnxException Kind(string name, string expected) => new($"attribute {name} is not {expected}");
}
