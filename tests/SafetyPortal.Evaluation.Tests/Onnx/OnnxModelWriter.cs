using System.Text;

namespace SafetyPortal.Evaluation.Tests.Onnx;

/// <summary>Writes ONNX files: as much of protobuf and onnx.proto as the tests need.</summary>
internal sealed class OnnxModelWriter
{
    private readonly List<byte[]> nodes = [];
    private readonly List<byte[]> initializers = [];
    private readonly List<byte[]> inputs = [];
    private readonly List<byte[]> outputs = [];
    private readonly List<byte[]> metadata = [];

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

    public OnnxModelWriter Initializer(string name, long[] shape, params float[] values)
    {
        initializers.Add(TensorMessage(name, 1, shape, values.SelectMany(BitConverter.GetBytes)));
        return this;
    }

    public OnnxModelWriter Integers(string name, params long[] values)
    {
        initializers.Add(TensorMessage(name, 7, [values.Length], values.SelectMany(BitConverter.GetBytes)));
        return this;
    }

    public OnnxModelWriter Metadata(string key, string value)
    {
        metadata.Add([.. Text(1, key), .. Text(2, value)]);
        return this;
    }

    /// <param name="names">Inputs and outputs as <c>a,b -> c</c>.</param>
    /// <param name="attributes">Values are long, string, long[], or the bytes of a graph.</param>
    public OnnxModelWriter Node(string type, string names, params (string Name, object Value)[] attributes)
    {
        var sides = names.Split("->", StringSplitOptions.TrimEntries);
        IEnumerable<byte> Names(int field, string list) =>
            list.Length == 0 ? [] : list.Split(',', StringSplitOptions.TrimEntries).SelectMany(n => Text(field, n));
        nodes.Add([.. Names(1, sides[0]), .. Names(2, sides[1]), .. Text(4, type), .. attributes.SelectMany(a => Bytes(5, Attribute(a.Name, a.Value)))]);
        return this;
    }

    private byte[] Graph() =>
    [
        .. nodes.SelectMany(n => Bytes(1, n)), .. Text(2, "test"), .. initializers.SelectMany(i => Bytes(5, i)), .. inputs.SelectMany(i => Bytes(11, i)),
        .. outputs.SelectMany(o => Bytes(12, o)),
    ];

    public byte[] ToBytes() => File(Graph(), [.. metadata.SelectMany(m => Bytes(14, m))]);

    /// <summary>A file of operator set 17.</summary>
    public static byte[] File(byte[] graph, params byte[] more) =>
        [.. Number(1, 8), .. Bytes(8, [.. Text(1, ""), .. Number(2, 17)]), .. Bytes(7, graph), .. more];

    public static byte[] Number(int field, long value) => [.. Varint((ulong)field << 3), .. Varint(unchecked((ulong)value))];

    public static byte[] Bytes(int field, ReadOnlySpan<byte> value) => [.. Varint(((ulong)field << 3) | 2), .. Varint((ulong)value.Length), .. value];

    public static byte[] Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    private static byte[] TensorMessage(string name, int type, long[] shape, IEnumerable<byte> values) =>
        [.. shape.SelectMany(size => Number(1, size)), .. Number(2, type), .. Text(8, name), .. Bytes(9, [.. values])];

    private static byte[] Attribute(string name, object value) => value switch
    {
        long number => [.. Text(1, name), .. Number(3, number), .. Number(20, 2)],
        string text => [.. Text(1, name), .. Text(4, text), .. Number(20, 3)],
        long[] numbers => [.. Text(1, name), .. numbers.SelectMany(n => Number(8, n)), .. Number(20, 7)],
        byte[] graph => [.. Text(1, name), .. Bytes(6, graph), .. Number(20, 5)],
        _ => throw new NotSupportedException(value.GetType().Name),
    };

    public static byte[] Port(string name, long?[]? shape)
    {
        byte[] dimensions = shape is null ? [] : Bytes(2, [.. shape.SelectMany(s => Bytes(1, s is { } size ? Number(1, size) : Text(2, "n")))]);
        return [.. Text(1, name), .. Bytes(2, Bytes(1, [.. Number(1, 1), .. dimensions]))];
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
