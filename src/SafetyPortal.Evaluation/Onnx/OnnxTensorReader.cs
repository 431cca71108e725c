using System.Buffers.Binary;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Onnx;

/// <summary>Tensors stored in an ONNX file.</summary>
internal static class OnnxTensorReader
{
    private const string What = "a stored tensor";

    /// <summary>The number types that are supported, by ONNX's code.</summary>
    public static ScalarType Type(long code) => code switch
    {
        1 => ScalarType.Float32,
        2 => ScalarType.Byte,
        3 => ScalarType.Int8,
        6 => ScalarType.Int32,
        7 => ScalarType.Int64,
        9 => ScalarType.Bool,
        10 => ScalarType.Float16,
        11 => ScalarType.Float64,
        _ => throw new OnnxException($"tensors of type {code} are not supported; supported are float, double, float16, int64, int32, int8, uint8 and bool"),
    };

    /// <summary>One TensorProto; the tensor belongs to the caller.</summary>
    /// <exception cref="OnnxException">It is damaged, its numbers do not fill its shape, or they are in another file.</exception>
    public static (string Name, Tensor Value) Read(ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(message, What);
        var (name, code) = ("", 0L);
        List<long> shape = [], integers = [];
        List<float> floats = [];
        List<double> doubles = [];
        ReadOnlySpan<byte> raw = default;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: reader.AddInt64s(shape); break;
                case 2: code = reader.Int64(); break;
                case 4: reader.AddSingles(floats); break;
                case 5 or 7 or 11: reader.AddInt64s(integers); break;
                case 8: name = reader.Text(); break;
                case 9: raw = reader.Bytes(); break;
                case 10: reader.AddDoubles(doubles); break;
                case 13: throw new OnnxException($"tensor \"{name}\" lies in another file; only models in one file are read");
                case 14 when reader.Int64() != 0: throw new OnnxException($"tensor \"{name}\" lies in another file; only models in one file are read");
                case 3 or 6: throw new OnnxException($"tensor \"{name}\" is stored in segments or holds text, which is not supported");
                case 14: break;
                default: reader.Skip(); break;
            }
        }

        try
        {
            var count = OnnxLimits.Elements(shape);
            return (name, Make(Type(code), shape, count, raw, integers, floats, doubles).DetachFromDisposeScope());
        }
        catch (OnnxException e)
        {
            throw new OnnxException($"tensor \"{name}\": {e.Message}");
        }
    }

    private static Tensor Make(ScalarType type, List<long> shape, long count, ReadOnlySpan<byte> raw, List<long> integers, List<float> floats, List<double> doubles)
    {
        using var scope = NewDisposeScope();
        var size = type switch { ScalarType.Float64 or ScalarType.Int64 => 8, ScalarType.Float32 or ScalarType.Int32 => 4, ScalarType.Float16 => 2, _ => 1 };
        var inList = type switch { ScalarType.Float32 => floats.Count, ScalarType.Float64 => doubles.Count, _ => integers.Count };
        if (raw.Length > 0 || (inList == 0 && count == 0))
        {
            if (raw.Length != count * size)
                throw new OnnxException($"[{string.Join(", ", shape)}] of {type} needs {count * size} bytes, {raw.Length} are stored");
            return FromRaw(type, shape, (int)count, raw).MoveToOuterDisposeScope();
        }

        if (inList != count)
            throw new OnnxException($"[{string.Join(", ", shape)}] has {count} elements, {inList} are stored");
        var values = type switch
        {
            ScalarType.Float32 => tensor(floats.ToArray(), [.. shape]),
            ScalarType.Float64 => tensor(doubles.ToArray(), [.. shape]),
            // Stored as the 16 bits of each.
            ScalarType.Float16 => tensor(integers.Select(v => (float)BitConverter.UInt16BitsToHalf(unchecked((ushort)v))).ToArray(), [.. shape]).to(type),
            _ => tensor(integers.ToArray(), [.. shape]).to(type),
        };
        return values.MoveToOuterDisposeScope();
    }

    private static Tensor FromRaw(ScalarType type, List<long> shape, int count, ReadOnlySpan<byte> raw)
    {
        long[] size = [.. shape];
        switch (type)
        {
            case ScalarType.Float32:
                var singles = new float[count];
                for (var i = 0; i < count; i++)
                    singles[i] = BinaryPrimitives.ReadSingleLittleEndian(raw[(4 * i)..]);
                return tensor(singles, size);
            case ScalarType.Float64:
                var doubles = new double[count];
                for (var i = 0; i < count; i++)
                    doubles[i] = BinaryPrimitives.ReadDoubleLittleEndian(raw[(8 * i)..]);
                return tensor(doubles, size);
            case ScalarType.Float16:
                var halves = new float[count];
                for (var i = 0; i < count; i++)
                    halves[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(raw[(2 * i)..]);
                return tensor(halves, size).to(type);
            case ScalarType.Int64:
                var longs = new long[count];
                for (var i = 0; i < count; i++)
                    longs[i] = BinaryPrimitives.ReadInt64LittleEndian(raw[(8 * i)..]);
                return tensor(longs, size);
            case ScalarType.Int32:
                var integers = new int[count];
                for (var i = 0; i < count; i++)
                    integers[i] = BinaryPrimitives.ReadInt32LittleEndian(raw[(4 * i)..]);
                return tensor(integers, size);
            default:
                var small = new int[count];
                for (var i = 0; i < count; i++)
                    small[i] = type == ScalarType.Int8 ? (sbyte)raw[i] : raw[i];
                return tensor(small, size).to(type);
        }
    }
}
