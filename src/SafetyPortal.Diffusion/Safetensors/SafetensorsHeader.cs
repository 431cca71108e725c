using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Safetensors;

/// <summary>
/// The JSON header of a safetensors file, read as untrusted input: every length, name, shape and offset is checked against the size of the file
/// before memory for a tensor is allocated.
/// Format: https://github.com/huggingface/safetensors#format
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The format's own limit.</summary>
    public const long MaxBytes = 100_000_000;

    private const int MaxDepth = 8;
    private const int MaxDimensions = 16;
    private const int MaxNameLength = 1024;

    private readonly OrderedDictionary<string, SafetensorsEntry> entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> metadata = new(StringComparer.Ordinal);
    private readonly string file;
    private readonly long dataLength;
    private bool metadataSeen;

    private SafetensorsHeader(string file, long dataLength) => (this.file, this.dataLength) = (file, dataLength);

    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => entries;

    public IReadOnlyDictionary<string, string> Metadata => metadata;

    /// <summary>Parses and checks a header.</summary>
    /// <param name="json">The header's bytes, without the eight bytes of its length.</param>
    /// <param name="dataLength">Number of bytes that follow the header in the file.</param>
    /// <param name="file">Name used in messages.</param>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long dataLength, string file)
    {
        var header = new SafetensorsHeader(file, dataLength);
        if (json.IsEmpty || json[0] != (byte)'{')
            throw header.Error("the header must begin with '{', got " + (json.IsEmpty ? "nothing" : $"byte 0x{json[0]:x2}"));
        if (!Utf8.IsValid(json))
            throw header.Error("the header is not valid UTF-8");
        try
        {
            header.ReadEntries(json);
        }
        catch (JsonException exception)
        {
            throw new ModelFormatException($"{file}: the header is not well-formed JSON: {exception.Message}", exception);
        }
        catch (InvalidOperationException exception)
        {
            throw new ModelFormatException($"{file}: the header is not well-formed JSON: {StrictJson.HalfCharacter}", exception);
        }

        header.CheckLayout();
        return header;
    }

    private void ReadEntries(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (name == "__metadata__")
                ReadMetadata(ref reader);
            else
                ReadEntry(ref reader, name);
        }

        // The reader itself refuses anything but white space behind the closing brace.
        while (reader.Read())
        {
        }
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (metadataSeen)
            throw Error("__metadata__ appears twice");
        metadataSeen = true;
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Error($"__metadata__ must be an object, got {Describe(reader.TokenType)}");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
                throw Error($"__metadata__ value of \"{StrictJson.Shorten(key)}\" must be a string, got {Describe(reader.TokenType)}");
            if (!metadata.TryAdd(key, reader.GetString()!))
                throw Error($"__metadata__ key \"{StrictJson.Shorten(key)}\" appears twice");
        }
    }

    private void ReadEntry(ref Utf8JsonReader reader, string name)
    {
        if (name.Length == 0)
            throw Error("a tensor has an empty name");
        if (name.Length > MaxNameLength || name.Any(char.IsControl))
        {
            var got = $"\"{StrictJson.Shorten(name)}\" has {name.Length} characters or a control character";
            throw Error($"tensor name {got}; expected at most {MaxNameLength} printable characters");
        }

        if (entries.ContainsKey(name))
            throw Error($"tensor \"{name}\" appears twice");
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Error($"tensor \"{name}\" must be an object, got {Describe(reader.TokenType)}");

        string? dtype = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = reader.GetString()!;
            reader.Read();
            var twice = field switch { "dtype" => dtype is not null, "shape" => shape is not null, "data_offsets" => offsets is not null, _ => false };
            if (twice)
                throw Error($"tensor \"{name}\" has the field {field} twice");
            switch (field)
            {
                case "dtype" when reader.TokenType == JsonTokenType.String:
                    dtype = reader.GetString();
                    break;
                case "dtype":
                    throw Error($"tensor \"{name}\": dtype must be a string, got {Describe(reader.TokenType)}");
                case "shape":
                    shape = ReadIntegers(ref reader, name, field, MaxDimensions);
                    break;
                case "data_offsets":
                    offsets = ReadIntegers(ref reader, name, field, 2);
                    break;
                default:
                    throw Error($"tensor \"{name}\" has an unknown field \"{StrictJson.Shorten(field)}\"");
            }
        }

        entries.Add(name, Check(name, dtype, shape, offsets));
    }

    private List<long> ReadIntegers(ref Utf8JsonReader reader, string name, string field, int limit)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Error($"tensor \"{name}\": {field} must be a list, got {Describe(reader.TokenType)}");
        var values = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number)
                throw Error($"tensor \"{name}\": {field} must hold numbers, got {Describe(reader.TokenType)}");
            if (!reader.TryGetInt64(out var value) || value < 0)
            {
                var got = StrictJson.Shorten(Encoding.UTF8.GetString(reader.ValueSpan));
                throw Error($"tensor \"{name}\": {field} must hold whole numbers from 0 to 2^63-1, got {got}");
            }

            if (values.Count == limit)
                throw Error($"tensor \"{name}\": {field} has more than {limit} numbers");
            values.Add(value);
        }

        return values;
    }

    private SafetensorsEntry Check(string name, string? dtype, List<long>? shape, List<long>? offsets)
    {
        if (dtype is null)
            throw Error($"tensor \"{name}\" has no dtype");
        if (shape is null)
            throw Error($"tensor \"{name}\" has no shape");
        if (offsets is null)
            throw Error($"tensor \"{name}\" has no data_offsets");
        if (!SafetensorsDtype.TryParse(dtype, out var type))
        {
            throw Error(SafetensorsDtype.IsValidButUnsupported(dtype)
                ? $"tensor \"{name}\": dtype {dtype} is not supported; supported are {SafetensorsDtype.SupportedNames}"
                : $"tensor \"{name}\": unknown dtype \"{StrictJson.Shorten(dtype)}\"; known are {SafetensorsDtype.SupportedNames}");
        }

        if (offsets.Count != 2)
            throw Error($"tensor \"{name}\": data_offsets must be [begin, end], got {offsets.Count} number(s)");
        var (begin, end) = (offsets[0], offsets[1]);
        if (begin > end)
            throw Error($"tensor \"{name}\": data_offsets run backwards, from {begin:N0} to {end:N0}");
        if (end > dataLength)
            throw Error($"tensor \"{name}\" ends at byte {end:N0} of the data, but the file holds only {dataLength:N0} bytes of data (is it cut off?)");
        var expected = ByteLength(name, type, shape);
        if (end - begin != expected)
            throw Error($"tensor \"{name}\": {dtype} [{string.Join(", ", shape)}] needs {expected:N0} bytes, but data_offsets span {end - begin:N0}");
        return new SafetensorsEntry(name, type, shape.AsReadOnly(), begin, expected);
    }

    private long ByteLength(string name, ScalarType type, List<long> shape)
    {
        // A zero anywhere makes the product zero, yet the other sizes must still be representable.
        Int128 bytes = SafetensorsDtype.Size(type);
        foreach (var size in shape)
        {
            bytes *= size == 0 ? 1 : size;
            if (bytes > long.MaxValue)
                throw Error($"tensor \"{name}\": the size of shape [{string.Join(", ", shape)}] overflows 64 bits");
        }

        return shape.Contains(0) ? 0 : (long)bytes;
    }

    // The tensors must cover the data section exactly: no overlap, no hole, nothing left over.
    private void CheckLayout()
    {
        var position = 0L;
        SafetensorsEntry? previous = null;
        foreach (var entry in entries.Values.OrderBy(e => e.Offset).ThenBy(e => e.ByteLength))
        {
            if (entry.Offset < position)
                throw Error($"tensor \"{entry.Name}\" begins at byte {entry.Offset:N0} and overlaps \"{previous!.Name}\", which ends at {position:N0}");
            if (entry.Offset > position)
            {
                throw Error(previous is null
                    ? $"the first tensor, \"{entry.Name}\", begins at byte {entry.Offset:N0} instead of 0"
                    : $"a hole of {entry.Offset - position:N0} bytes lies between \"{previous.Name}\" and \"{entry.Name}\"");
            }

            position = entry.Offset + entry.ByteLength;
            previous = entry;
        }

        if (position != dataLength)
            throw Error($"{dataLength - position:N0} bytes follow the last tensor; the header accounts for {position:N0} of {dataLength:N0} bytes of data");
    }

    private ModelFormatException Error(string problem) => new($"{file}: {problem}");

    private static string Describe(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.Null => "null",
        JsonTokenType.True or JsonTokenType.False => "a truth value",
        _ => token.ToString(),
    };
}
