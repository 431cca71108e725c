using System.Buffers.Binary;
using System.Text.Json;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Safetensors;

/// <summary>
/// Writes safetensors files: one tensor in memory at a time, to a temporary file that is flushed to disk and then renamed,
/// so that a reader sees either the old file or the whole new one. Equal tensors give equal bytes.
/// </summary>
public static class SafetensorsWriter
{
    private const int CopyBytes = 1 << 28;

    /// <summary>Writes tensors in the order given (wider types first, which keeps every tensor aligned).</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="tensors">Names must be unique and not empty; tensors may live on any device and need not be contiguous.</param>
    /// <param name="metadata">Free-form text, stored under <c>__metadata__</c> sorted by key.</param>
    /// <param name="as">Store floating-point tensors as this type; null keeps each tensor's own.</param>
    /// <param name="sortByName">Sort by name (ordinal) instead of keeping the given order.</param>
    /// <exception cref="ArgumentException">A name is empty, reserved or repeated, or a type cannot be stored.</exception>
    public static void Write(
        string path,
        IEnumerable<(string Name, Tensor Tensor)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        ScalarType? @as = null,
        bool sortByName = false)
    {
        var items = tensors.Select(t => (t.Name, t.Tensor, Type: StoredType(t.Tensor, @as))).ToList();
        CheckNames(items.Select(i => i.Name));
        if (sortByName)
            items.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        items = [.. items.OrderByDescending(i => SafetensorsDtype.Size(i.Type))];

        var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(directory);
        var temporary = Path.Combine(directory, $".{Path.GetFileName(path)}.{Guid.NewGuid():n}.tmp");
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                stream.Write(Header(items, metadata));
                foreach (var (_, tensor, type) in items)
                    WriteTensor(stream, tensor, type);
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
            if (name.Length == 0 || string.Equals(name, "__metadata__", StringComparison.Ordinal))
                throw new ArgumentException($"\"{name}\" cannot be the name of a tensor.", nameof(names));
            if (!seen.Add(name))
                throw new ArgumentException($"Two tensors are named \"{name}\".", nameof(names));
        }
    }

    private static byte[] Header(IEnumerable<(string Name, Tensor Tensor, ScalarType Type)> items, IReadOnlyDictionary<string, string>? metadata)
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
            foreach (var (name, tensor, type) in items)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", SafetensorsDtype.Name(type));
                json.WriteStartArray("shape");
                foreach (var size in tensor.shape)
                    json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                offset = checked(offset + (tensor.numel() * SafetensorsDtype.Size(type)));
                json.WriteNumberValue(offset);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        // Spaces up to a multiple of eight: the data that follows is then aligned for every type.
        while (buffer.Length % 8 != 0)
            buffer.WriteByte((byte)' ');
        var bytes = buffer.ToArray();
        if (bytes.Length - 8 > SafetensorsHeader.MaxBytes)
            throw new ArgumentException($"The header would have {bytes.Length - 8} bytes; the format allows {SafetensorsHeader.MaxBytes}.", nameof(items));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)(bytes.Length - 8));
        return bytes;
    }

    private static void WriteTensor(Stream stream, Tensor tensor, ScalarType type)
    {
        if (tensor.numel() == 0)
            return;
        using var scope = NewDisposeScope();
        var flat = tensor.detach().to(type).cpu().contiguous().view(-1);
        var step = CopyBytes / SafetensorsDtype.Size(type);
        for (var start = 0L; start < flat.numel(); start += step)
        {
            using var part = flat.narrow(0, start, Math.Min(step, flat.numel() - start));
            stream.Write(part.bytes);
        }
    }
}
