namespace SafetyPortal.Evaluation.Onnx;

/// <summary>The protobuf messages of ONNX (onnx.proto, IR versions 3 to 10) that a plain network needs.</summary>
internal static class OnnxGraphReader
{
    // Operator sets whose operators are implemented; older ones differ in broadcasting.
    private const long OldestOpset = 7;
    private const long NewestOpset = 21;

    private const string OwnDomain = "ai.onnx";

    /// <exception cref="OnnxException">The bytes are no ONNX model, or one with parts that are not supported.</exception>
    public static OnnxGraph Read(ReadOnlySpan<byte> model)
    {
        var graph = new OnnxGraph();
        try
        {
            var found = false;
            var reader = new ProtobufReader(model, "the model");
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 7 when found: throw new OnnxException("the model holds two graphs");
                    case 7:
                        found = true;
                        ReadGraph(reader.Bytes(), graph);
                        break;
                    case 8: ReadOpset(reader.Bytes(), graph); break;
                    case 25: throw new OnnxException("the model defines functions of its own, which are not supported");
                    default: reader.Skip(); break;
                }
            }

            if (!found)
                throw new OnnxException("not an ONNX model: it holds no graph");
            if (graph.Opset is < OldestOpset or > NewestOpset)
                throw new OnnxException($"the model needs operator set {graph.Opset}; supported are {OldestOpset} to {NewestOpset}");
            return graph;
        }
        catch
        {
            graph.Dispose();
            throw;
        }
    }

    private static void ReadOpset(ReadOnlySpan<byte> message, OnnxGraph graph)
    {
        var (domain, version) = ("", 0L);
        var reader = new ProtobufReader(message, "the operator set");
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: domain = reader.Text(); break;
                case 2: version = reader.Int64(); break;
                default: reader.Skip(); break;
            }
        }

        if (domain is "" or OwnDomain)
            graph.Opset = version;
    }

    private static void ReadGraph(ReadOnlySpan<byte> message, OnnxGraph graph)
    {
        var reader = new ProtobufReader(message, "the graph");
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when graph.Nodes.Count == OnnxLimits.MaxNodes: throw new OnnxException($"the graph has more than {OnnxLimits.MaxNodes:N0} operations");
                case 1: graph.Nodes.Add(ReadNode(reader.Bytes())); break;
                case 5:
                    var (name, value) = OnnxTensorReader.Read(reader.Bytes());
                    if (!graph.Initializers.TryAdd(name, value))
                    {
                        value.Dispose();
                        throw new OnnxException($"the graph holds two tensors named \"{name}\"");
                    }

                    break;
                case 11: graph.Inputs.Add(ReadPort(reader.Bytes())); break;
                case 12: graph.Outputs.Add(ReadPort(reader.Bytes())); break;
                case 15: throw new OnnxException("the graph holds sparse tensors, which are not supported");
                default: reader.Skip(); break;
            }
        }
    }

    private static OnnxNode ReadNode(ReadOnlySpan<byte> message)
    {
        var (name, type, domain) = ("", "", "");
        List<string> inputs = [], outputs = [];
        var attributes = new Dictionary<string, OnnxAttribute>(StringComparer.Ordinal);
        var reader = new ProtobufReader(message, "an operation");
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: inputs.Add(reader.Text()); break;
                case 2: outputs.Add(reader.Text()); break;
                case 3: name = reader.Text(); break;
                case 4: type = reader.Text(); break;
                case 5:
                    var (key, value) = ReadAttribute(reader.Bytes());
                    attributes[key] = value;
                    break;
                case 7: domain = reader.Text(); break;
                default: reader.Skip(); break;
            }
        }

        return new(domain is "" or OwnDomain ? type : $"{domain}.{type}", name, inputs, outputs, attributes);
    }

    private static (string Name, OnnxAttribute Value) ReadAttribute(ReadOnlySpan<byte> message)
    {
        var name = "";
        var value = new OnnxAttribute();
        var reader = new ProtobufReader(message, "an attribute");
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: name = reader.Text(); break;
                case 2: value.Float = reader.Single(); break;
                case 3: value.Int = reader.Int64(); break;
                case 4: value.Text = reader.Text(); break;
                case 5: value.Tensor = OnnxTensorReader.Read(reader.Bytes()).Value; break;
                case 7: reader.AddSingles(value.Floats); break;
                case 8: reader.AddInt64s(value.Ints); break;
                default: reader.Skip(); break; // graphs belong to operators that are refused by name
            }
        }

        return (name, value);
    }

    private static OnnxPort ReadPort(ReadOnlySpan<byte> message)
    {
        var name = "";
        List<long?>? shape = null;
        var reader = new ProtobufReader(message, "an input or output");
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: name = reader.Text(); break;
                case 2: shape = Nested(reader.Bytes(), 1) is { IsEmpty: false } tensor ? ReadShape(Nested(tensor, 2)) : null; break;
                default: reader.Skip(); break;
            }
        }

        return new(name, shape);
    }

    private static List<long?>? ReadShape(ReadOnlySpan<byte> message)
    {
        List<long?> shape = [];
        var reader = new ProtobufReader(message, "a shape");
        while (reader.Next())
        {
            if (reader.Field != 1)
            {
                reader.Skip();
                continue;
            }

            long? size = null;
            var dimension = new ProtobufReader(reader.Bytes(), "a size");
            while (dimension.Next())
            {
                if (dimension.Field == 1)
                    size = dimension.Int64();
                else
                    dimension.Skip();
            }

            shape.Add(size is > 0 ? size : null);
        }

        // No sizes at all: the file says nothing of the shape.
        return shape.Count > 0 ? shape : null;
    }

    // The nested message under a field; empty when there is none.
    private static ReadOnlySpan<byte> Nested(ReadOnlySpan<byte> message, int field)
    {
        ReadOnlySpan<byte> nested = default;
        var reader = new ProtobufReader(message, "a type");
        while (reader.Next())
        {
            if (reader.Field == field)
                nested = reader.Bytes();
            else
                reader.Skip();
        }

        return nested;
    }
}
