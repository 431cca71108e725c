using System.Buffers.Binary;
using System.Text;

namespace SafetyPortal.Evaluation.Onnx;

/// <summary>How a field of a protobuf message is stored.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

/// <summary>
/// Reads one protobuf message field by field. The bytes are untrusted: every length is checked against what is left, and nothing is
/// allocated from a length alone.
/// </summary>
/// <param name="bytes">The message.</param>
/// <param name="what">What to call it in a message.</param>
internal ref struct ProtobufReader(ReadOnlySpan<byte> bytes, string what)
{
    private const int LongestName = 4096;

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;
    private WireType _type;

    /// <summary>Number of the field that <see cref="Next"/> found.</summary>
    public int Field { get; private set; }

    /// <summary>Moves to the next field; false at the end.</summary>
    public bool Next()
    {
        if (_at == _bytes.Length)
            return false;
        var key = Varint();
        _type = (WireType)(key & 7);
        if (_type is not (WireType.Varint or WireType.Fixed64 or WireType.Bytes or WireType.Fixed32) || key >> 3 is 0 or > int.MaxValue)
            throw Damaged($"a field key {key}");
        Field = (int)(key >> 3);
        return true;
    }

    /// <summary>The field as a whole number.</summary>
    public long Int64()
    {
        Require(WireType.Varint);
        return unchecked((long)Varint());
    }

    /// <summary>The field as a float.</summary>
    public float Single()
    {
        Require(WireType.Fixed32);
        return BinaryPrimitives.ReadSingleLittleEndian(Take(4));
    }

    /// <summary>The field as bytes: a nested message, packed numbers or raw data.</summary>
    public ReadOnlySpan<byte> Bytes()
    {
        Require(WireType.Bytes);
        var length = Varint();
        return length <= (ulong)(_bytes.Length - _at) ? Take((int)length) : throw Damaged($"a field of {length} bytes with {_bytes.Length - _at} left");
    }

    /// <summary>The field as a name.</summary>
    public string Text()
    {
        var text = Bytes();
        return text.Length <= LongestName ? Encoding.UTF8.GetString(text) : throw Damaged($"a name of {text.Length} bytes; at most {LongestName} are read");
    }

    /// <summary>Adds the field's numbers, packed or one alone.</summary>
    public void AddInt64s(List<long> numbers)
    {
        if (_type == WireType.Varint)
        {
            numbers.Add(Int64());
            return;
        }

        var packed = new ProtobufReader(Bytes(), what);
        while (packed._at < packed._bytes.Length)
            numbers.Add(unchecked((long)packed.Varint()));
    }

    /// <summary>Adds the field's floats, packed or one alone.</summary>
    public void AddSingles(List<float> numbers)
    {
        if (_type == WireType.Fixed32)
        {
            numbers.Add(Single());
            return;
        }

        var packed = Bytes();
        if (packed.Length % 4 != 0)
            throw Damaged($"{packed.Length} bytes of packed floats");
        for (var i = 0; i < packed.Length; i += 4)
            numbers.Add(BinaryPrimitives.ReadSingleLittleEndian(packed[i..]));
    }

    /// <summary>Adds the field's doubles, packed or one alone.</summary>
    public void AddDoubles(List<double> numbers)
    {
        if (_type == WireType.Fixed64)
        {
            numbers.Add(BinaryPrimitives.ReadDoubleLittleEndian(Take(8)));
            return;
        }

        var packed = Bytes();
        if (packed.Length % 8 != 0)
            throw Damaged($"{packed.Length} bytes of packed doubles");
        for (var i = 0; i < packed.Length; i += 8)
            numbers.Add(BinaryPrimitives.ReadDoubleLittleEndian(packed[i..]));
    }

    /// <summary>Passes over the field.</summary>
    public void Skip()
    {
        switch (_type)
        {
            case WireType.Varint:
                Varint();
                break;
            case WireType.Fixed64:
                Take(8);
                break;
            case WireType.Fixed32:
                Take(4);
                break;
            default:
                Bytes();
                break;
        }
    }

    private void Require(WireType expected)
    {
        if (_type != expected)
            throw Damaged($"field {Field} stored as {_type}, expected {expected}");
    }

    private ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (_at == _bytes.Length)
                throw Damaged("an end in the middle of a number");
            var b = _bytes[_at++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
                return value;
        }

        throw Damaged("a number of more than ten bytes");
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _bytes.Length - _at)
            throw Damaged($"{_bytes.Length - _at} bytes where {length} were expected");
        var part = _bytes.Slice(_at, length);
        _at += length;
        return part;
    }

    private readonly OnnxException Damaged(string found) => new($"{what}: not well-formed: found {found} at byte {_at}");
}
