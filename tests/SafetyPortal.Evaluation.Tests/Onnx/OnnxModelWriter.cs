using System.Buffers.Binary;
using System.Text;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Onnx;

/// <summary>Writes ONNX files: as much of protobuf and onnx.proto as the tests need.</summary>
internal sealed class OnnxModelWriter(long opset = 17)
{
    private readonly List<byte[]> nodes = [];
    private readonly List<byte[]> initializers = [];
    private readonly List<byte[]> inputs = [];
    private readonly List<byte[]> outputs = [];

    public OnnxModelWriter Input(string name, params long?[] shape)
    {
        inputs.Add(Port(name, shape));
        return this;
    }

    public OnnxModelWriter Output(string name)
    {
        outputs.Add(Port(name, null));
        return this;
    }

    public OnnxModelWriter Initializer(string name, Tensor value)
    {
        initializers.Add(TensorMessage(name, value));
        return this;
    }

    /// <param name="names">Inputs and outputs as <c>a,b -> c</c>.</param>
    /// <param name="attributes">Values are long, float, double, string, long[] or Tensor.</param>
    public OnnxModelWriter Node(string type, string names, params (string Name, object Value)[] attributes)
    {
        var sides = names.Split("->", StringSplitOptions.TrimEntries);
        IEnumerable<byte> Names(int field, string list) => list.Length == 0 ? [] : list.Split(',', StringSplitOptions.TrimEntries).SelectMany(n => Text(field, n));
        nodes.Add([.. Names(1, sides[0]), .. Names(2, sides[1]), .. Text(4, type), .. attributes.SelectMany(a => Bytes(5, Attribute(a.Name, a.Value)))]);
        return this;
    }

    public byte[] ToBytes()
    {
        byte[] graph =
        [
            .. nodes.SelectMany(n => Bytes(1, n)), .. Text(2, "test"), .. initializers.SelectMany(i => Bytes(5, i)), .. inputs.SelectMany(i => Bytes(11, i)),
            .. outputs.SelectMany(o => Bytes(12, o)),
        ];
        return [.. Number(1, 8), .. Bytes(8, [.. Text(1, ""), .. Number(2, opset)]), .. Bytes(7, graph)];
    }

    public static byte[] Number(int field, long value) => [.. Varint((ulong)field << 3), .. Varint(unchecked((ulong)value))];

    public static byte[] Bytes(int field, ReadOnlySpan<byte> value) => [.. Varint(((ulong)field << 3) | 2), .. Varint((ulong)value.Length), .. value];

    public static byte[] Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public static byte[] TensorMessage(string name, Tensor value)
    {
        using var scope = NewDisposeScope();
        var (code, raw) = value.dtype switch
        {
            ScalarType.Float32 => (1, value.contiguous().data<float>().ToArray().SelectMany(BitConverter.GetBytes)),
            ScalarType.Int64 => (7, value.contiguous().data<long>().ToArray().SelectMany(BitConverter.GetBytes)),
            _ => throw new NotSupportedException(value.dtype.ToString()),
        };
        return [.. value.shape.SelectMany(s => Number(1, s)), .. Number(2, code), .. Text(8, name), .. Bytes(9, [.. raw])];
    }

    private static byte[] Attribute(string name, object value) => value switch
    {
        long number => [.. Text(1, name), .. Number(3, number), .. Number(20, 2)],
        float number => [.. Text(1, name), .. Single(2, number), .. Number(20, 1)],
        string text => [.. Text(1, name), .. Text(4, text), .. Number(20, 3)],
        long[] numbers => [.. Text(1, name), .. numbers.SelectMany(n => Number(8, n)), .. Number(20, 7)],
        float[] numbers => [.. Text(1, name), .. numbers.SelectMany(n => Single(7, n)), .. Number(20, 6)],
        Tensor tensor => [.. Text(1, name), .. Bytes(5, TensorMessage("", tensor)), .. Number(20, 4)],
        _ => throw new NotSupportedException(value.GetType().Name),
    };

    private static byte[] Port(string name, long?[]? shape)
    {
        byte[] dimensions = shape is null ? [] : Bytes(2, [.. shape.SelectMany(s => Bytes(1, s is { } size ? Number(1, size) : Text(2, "n")))]);
        return [.. Text(1, name), .. Bytes(2, Bytes(1, [.. Number(1, 1), .. dimensions]))];
    }

    private static byte[] Single(int field, float value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        return [.. Varint(((ulong)field << 3) | 5), .. bytes];
    }

    private static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value > 0x7F; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
