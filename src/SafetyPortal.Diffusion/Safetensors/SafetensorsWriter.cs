using System.Buffers.Binary;
using System.Text.Json;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Safetensors;

/// <summary>A tensor of a file to be written, made only when its turn comes.</summary>
/// <param name="Shape">The shape of the tensor that <paramref name="Value"/> makes.</param>
/// <param name="Dtype">The type to store it in.</param>
/// <param name="Value">Makes the tensor; called once, inside a dispose scope that frees it. It may return any floating-point type for another.</param>
public sealed record DeferredTensor(string Name, IReadOnlyList<long> Shape, ScalarType Dtype, Func<Tensor> Value)
{
    /// <summary>Bytes it takes in the file.</summary>
    public long ByteLength => Shape.Aggregate((long)SafetensorsDtype.Size(Dtype), (bytes, size) => checked(bytes * size));
}

/// <summary>
/// Writes safetensors files to a temporary file that is flushed to disk and then renamed, so that a reader sees either the old file or the whole
/// new one. Equal tensors give equal bytes.
/// </summary>
public static class SafetensorsWriter
{
    private const int CopyBytes = 1 << 28;

    /// <summary>Writes tensors in the order given, wider types first: that aligns every tensor for its type.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="tensors">On any device, contiguous or not; names are unique and not empty.</param>
    /// <param name="metadata">Free-form text, stored under <c>__metadata__</c> sorted by key.</param>
    /// <param name="as">Store floating-point tensors as this type; null keeps each tensor's own.</param>
    /// <exception cref="ArgumentException">A name is empty, reserved or repeated, or a type cannot be stored.</exception>
    public static void Write(
        string path, IEnumerable<(string Name, Tensor Tensor)> tensors, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? @as = null) =>
        WriteDeferred(path, tensors.Select(t => new DeferredTensor(t.Name, t.Tensor.shape, StoredType(t.Tensor, @as), t.Tensor.alias)), metadata);

    /// <summary>Writes tensors that are made one by one while the file is written, so that memory holds a single one.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="tensors">What the file will hold, in the order given, wider types first.</param>
    /// <param name="metadata">Free-form text, stored under <c>__metadata__</c> sorted by key.</param>
    /// <exception cref="ArgumentException">
    /// A name is empty, reserved or repeated, a type cannot be stored, or a tensor has another shape than announced.
    /// </exception>
    public static void WriteDeferred(string path, IEnumerable<DeferredTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        List<DeferredTensor> items = [.. tensors.OrderByDescending(t => SafetensorsDtype.Size(t.Dtype))];
        CheckNames(items.Select(i => i.Name));
        var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(directory);
        var temporary = Path.Combine(directory, $".{Path.GetFileName(path)}.{Guid.NewGuid():n}.tmp");
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                stream.Write(Header(items, metadata));
                foreach (var item in items)
                    WriteTensor(stream, item);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static ScalarType StoredType(Tensor tensor, ScalarType? requested)
    {
        var floating = tensor.dtype is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;
        var type = floating && requested is { } wanted ? wanted : tensor.dtype;
        _ = SafetensorsDtype.Name(type);
        return type;
    }

    private static void CheckNames(IEnumerable<string> names)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            if (name.Length == 0 || name == "__metadata__")
                throw new ArgumentException($"\"{name}\" cannot be the name of a tensor.", nameof(names));
            if (!seen.Add(name))
                throw new ArgumentException($"Two tensors are named \"{name}\".", nameof(names));
        }
    }

    private static byte[] Header(IEnumerable<DeferredTensor> items, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[8]);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
                    json.WriteString(key, value);
                json.WriteEndObject();
            }

            var offset = 0L;
            foreach (var item in items)
            {
                json.WriteStartObject(item.Name);
                json.WriteString("dtype", SafetensorsDtype.Name(item.Dtype));
                json.WriteStartArray("shape");
                foreach (var size in item.Shape)
                    json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                offset = checked(offset + item.ByteLength);
                json.WriteNumberValue(offset);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        // Spaces up to a multiple of eight align the data that follows for every type.
        while (buffer.Length % 8 != 0)
            buffer.WriteByte((byte)' ');
        var bytes = buffer.ToArray();
        if (bytes.Length - 8 > SafetensorsHeader.MaxBytes)
            throw new ArgumentException($"The header would have {bytes.Length - 8} bytes; the format allows {SafetensorsHeader.MaxBytes}.", nameof(items));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)(bytes.Length - 8));
        return bytes;
    }

    private static void WriteTensor(Stream stream, DeferredTensor item)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var tensor = item.Value();
        if (!tensor.shape.SequenceEqual(item.Shape))
        {
            throw new ArgumentException(
                $"Tensor \"{item.Name}\" was announced as [{string.Join(", ", item.Shape)}], but is [{string.Join(", ", tensor.shape)}].", nameof(item));
        }

        if (tensor.numel() == 0)
            return;
        var flat = tensor.detach().to(item.Dtype).cpu().contiguous().view(-1);
        var step = CopyBytes / SafetensorsDtype.Size(item.Dtype);
        for (var start = 0L; start < flat.numel(); start += step)
        {
            using var part = flat.narrow(0, start, Math.Min(step, flat.numel() - start));
            stream.Write(part.bytes);
        }
    }
}
