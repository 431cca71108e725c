using SafetyPortal.Erasure.Ablation;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>The place of each tensor in a recorded mask: one bit per weight over all candidate tensors, each flattened row by row.</summary>
internal sealed class MaskLayout
{
    private readonly List<(string Name, int Offset, long[] Shape)> _tensors;
    private readonly int _bits;

    private MaskLayout(List<(string Name, int Offset, long[] Shape)> tensors)
    {
        _tensors = tensors;
        _bits = tensors.Sum(t => (int)t.Shape.Aggregate(1L, (n, d) => n * d));
    }

    /// <summary>Candidate tensors in order.</summary>
    public IReadOnlyList<string> Names => [.. _tensors.Select(t => t.Name)];

    public static MaskLayout Read(GoldenSet set)
    {
        var order = set.Json("07_cad", "ablation.json").GetProperty("ff_params_in_order");
        return new([.. order.EnumerateObject().Select(p => (p.Name, p.Value[0].GetInt32(), p.Value[1].EnumerateArray().Select(d => d.GetInt64()).ToArray()))]);
    }

    /// <summary>The bits of a packed tensor, the first in the most significant place of the first byte.</summary>
    public bool[] Unpack(Tensor packed)
    {
        var bytes = packed.data<byte>().ToArray();
        if (bytes.Length != (_bits + 7) / 8)
            throw new InvalidDataException($"Expected a mask of {(_bits + 7) / 8} bytes for {_bits} weights, found {bytes.Length}.");
        return [.. Enumerable.Range(0, _bits).Select(i => (bytes[i / 8] >> (7 - (i % 8)) & 1) == 1)];
    }

    /// <summary>The bits of a mask of ours.</summary>
    public bool[] Flat(AblationMask mask)
    {
        var bits = new bool[_bits];
        foreach (var (name, offset, _) in _tensors)
        {
            foreach (var index in mask.Tensors.First(t => t.Name == name).Indices)
                bits[offset + index] = true;
        }

        return bits;
    }

    public AblationMask ToMask(bool[] bits) => new([.. _tensors.Select(t =>
    {
        var count = (int)t.Shape.Aggregate(1L, (n, d) => n * d);
        return new TensorMask(t.Name, t.Shape, [.. Enumerable.Range(0, count).Where(i => bits[t.Offset + i]).Select(i => (long)i)]);
    })]);
}
