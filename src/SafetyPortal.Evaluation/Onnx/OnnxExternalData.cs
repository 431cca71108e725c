namespace SafetyPortal.Evaluation.Onnx;

/// <summary>
/// Refuses models that keep tensors in other files, which ONNX Runtime would open even for a model given as bytes. Walks the protobuf from the model to every
/// tensor; bytes that protobuf could read in more than one way are refused.
/// </summary>
internal static class OnnxExternalData
{
    private const int DeepestNesting = 64;
    private const ulong ExternalData = 13;
    private const ulong DataLocation = 14;

    private enum Message
    {
        Model,
        Graph,
        Node,
        Attribute,
        Tensor,
        SparseTensor,
        Function,
        Training,
    }

    // The fields of onnx.proto through which a model reaches a tensor.
    private static readonly Dictionary<(Message In, ulong Field), Message> Fields = new()
    {
        [(Message.Model, 7)] = Message.Graph,
        [(Message.Model, 20)] = Message.Training,
        [(Message.Model, 25)] = Message.Function,
        [(Message.Graph, 1)] = Message.Node,
        [(Message.Graph, 5)] = Message.Tensor,
        [(Message.Graph, 15)] = Message.SparseTensor,
        [(Message.Node, 5)] = Message.Attribute,
        [(Message.Attribute, 5)] = Message.Tensor,
        [(Message.Attribute, 6)] = Message.Graph,
        [(Message.Attribute, 10)] = Message.Tensor,
        [(Message.Attribute, 11)] = Message.Graph,
        [(Message.Attribute, 22)] = Message.SparseTensor,
        [(Message.Attribute, 23)] = Message.SparseTensor,
        [(Message.SparseTensor, 1)] = Message.Tensor,
        [(Message.SparseTensor, 2)] = Message.Tensor,
        [(Message.Function, 7)] = Message.Node,
        [(Message.Function, 11)] = Message.Attribute,
        [(Message.Training, 1)] = Message.Graph,
        [(Message.Training, 2)] = Message.Graph,
    };

    /// <exception cref="OnnxException">A tensor names another file, or the bytes are no protobuf message.</exception>
    public static void Refuse(ReadOnlySpan<byte> model) => Walk(model, Message.Model, depth: 0);

    private static void Walk(ReadOnlySpan<byte> bytes, Message kind, int depth)
    {
        if (depth > DeepestNesting)
            throw new OnnxException($"expected messages nested at most {DeepestNesting} deep, got more");
        while (!bytes.IsEmpty)
        {
            var key = Varint(ref bytes);
            var (field, wire) = (key >> 3, key & 7);
            if (key > uint.MaxValue || field == 0)
                throw new OnnxException($"expected an ONNX model, got a protobuf key {key}");
            var number = 0UL;
            ReadOnlySpan<byte> content = default;
            switch (wire)
            {
                case 0: number = Varint(ref bytes); break;
                case 1: Take(ref bytes, 8); break;
                case 2: content = Take(ref bytes, Varint(ref bytes)); break;
                case 5: Take(ref bytes, 4); break;
                default: throw new OnnxException($"expected an ONNX model, got protobuf wire type {wire}");
            }

            if (kind == Message.Tensor && (field == ExternalData || (field == DataLocation && (wire != 0 || number != 0))))
                throw new OnnxException("expected all tensors inside the file, got one with data in another file");
            if (wire == 2 && Fields.TryGetValue((kind, field), out var inner))
                Walk(content, inner, depth + 1);
        }
    }

    private static ulong Varint(scoped ref ReadOnlySpan<byte> bytes)
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Take(ref bytes, 1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }

        throw new OnnxException("expected an ONNX model, got a number of more than ten bytes");
    }

    private static ReadOnlySpan<byte> Take(scoped ref ReadOnlySpan<byte> bytes, ulong length)
    {
        if (length > (ulong)bytes.Length)
            throw new OnnxException($"expected an ONNX model, got a field of {length} bytes with {bytes.Length} left");
        var taken = bytes[..(int)length];
        bytes = bytes[(int)length..];
        return taken;
    }
}
