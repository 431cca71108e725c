using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using SafetyPortal.Diffusion.Inspection;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Safetensors;

/// <summary>
/// A safetensors file. Opening reads and validates the header alone. Each tensor is read on demand, straight into its own memory: a mapped file
/// would stay resident as well. Several threads may read at once.
/// </summary>
public sealed class SafetensorsFile : ITensorSource
{
    private const int PrefixBytes = 8;

    /// <summary>Spans end at 2 GiB, tensors do not.</summary>
    private const int CopyBytes = 1 << 30;

    private readonly SafeFileHandle handle;
    private readonly SafetensorsHeader header;
    private readonly long dataStart;

    private SafetensorsFile(string path, SafeFileHandle handle, SafetensorsHeader header, long dataStart) =>
        (Location, this.handle, this.header, this.dataStart) = (path, handle, header, dataStart);

    /// <inheritdoc/>
    public string Location { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => header.Entries;

    /// <summary>The file's free-form <c>__metadata__</c>; empty if it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => header.Metadata;

    /// <summary>Returns whether a file has the name of a pickle. Loading one could run any code, so pickles are never read.</summary>
    public static bool IsPickle(string path) => ForeignFormat.HasPickleExtension(path);

    /// <summary>Opens a file and checks its header against the file's size.</summary>
    /// <exception cref="ModelFormatException">The file is missing, unreadable, damaged, or of another format.</exception>
    public static SafetensorsFile Open(string path)
    {
        SafeFileHandle opened;
        try
        {
            if (File.Exists(path) && !RegularFile.HasContent(path))
                throw new ModelFormatException($"{path}: has 0 bytes, or is a pipe or device; expected a safetensors file");
            opened = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.RandomAccess);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelFormatException($"{path}: cannot be opened: {exception.Message}", exception);
        }

        try
        {
            var (validated, start) = ReadHeader(path, opened);
            return new SafetensorsFile(path, opened, validated, start);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public Tensor Read(string name, ScalarType? @as = null, Device? device = null)
    {
        if (!Entries.TryGetValue(name, out var entry))
            throw new ModelFormatException($"{Location}: holds no tensor named \"{name}\"");

        using var scope = NewDisposeScope();
        var tensor = empty(entry.Shape.ToArray(), dtype: entry.Dtype);
        CopyTo(entry, tensor);
        if (@as is { } type && type != entry.Dtype)
            tensor = tensor.to(type);
        if (device is not null)
            tensor = tensor.to(device);
        return tensor.MoveToOuterDisposeScope();
    }

    public void Dispose() => handle.Dispose();

    private void CopyTo(SafetensorsEntry entry, Tensor tensor)
    {
        if (entry.ByteLength == 0)
            return;
        var elementSize = SafetensorsDtype.Size(entry.Dtype);
        using var flat = tensor.view(-1);
        for (var done = 0L; done < entry.ByteLength; done += CopyBytes)
        {
            var count = (int)Math.Min(CopyBytes, entry.ByteLength - done);
            using var part = flat.narrow(0, done / elementSize, count / elementSize);
            var bytes = part.bytes;
            ReadExactly(Location, handle, bytes, dataStart + entry.Offset + done);
            // Any other byte in a C++ bool is undefined behaviour.
            if (entry.Dtype == ScalarType.Bool && bytes.ContainsAnyExceptInRange((byte)0, (byte)1))
                throw new ModelFormatException($"{Location}: tensor \"{entry.Name}\" is of type BOOL, but holds a byte other than 0 and 1");
        }
    }

    private static void ReadExactly(string path, SafeFileHandle source, Span<byte> bytes, long offset)
    {
        while (!bytes.IsEmpty)
        {
            int read;
            try
            {
                read = RandomAccess.Read(source, bytes, offset);
            }
            catch (IOException exception)
            {
                throw new ModelFormatException($"{path}: cannot be read: {exception.Message}", exception);
            }

            if (read == 0)
                throw new ModelFormatException($"{path}: became shorter while it was open");
            bytes = bytes[read..];
            offset += read;
        }
    }

    private static (SafetensorsHeader Header, long DataStart) ReadHeader(string path, SafeFileHandle source)
    {
        var length = RandomAccess.GetLength(source);
        Span<byte> start = stackalloc byte[16];
        start = start[..RandomAccess.Read(source, start, 0)];
        if (ForeignFormat.Recognise(start) is { } format)
            throw new ModelFormatException($"{path}: {format}");
        if (start.Length < PrefixBytes)
            throw new ModelFormatException($"{path}: has {length} bytes; a safetensors file begins with the 8 bytes of its header's length");

        var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(start);
        if (headerLength > SafetensorsHeader.MaxBytes)
        {
            throw new ModelFormatException(
                $"{path}: claims a header of {headerLength} bytes; at most {SafetensorsHeader.MaxBytes} are allowed (is this a safetensors file?)");
        }

        if (headerLength > (ulong)(length - PrefixBytes))
            throw new ModelFormatException($"{path}: claims a header of {headerLength} bytes, but only {length - PrefixBytes} bytes follow (is it cut off?)");
        if (headerLength < 2)
            throw new ModelFormatException($"{path}: claims a header of {headerLength} bytes; even an empty one, {{}}, has 2");

        var json = new byte[headerLength];
        ReadExactly(path, source, json, PrefixBytes);

        var end = PrefixBytes + (long)headerLength;
        return (SafetensorsHeader.Parse(json, length - end, path), end);
    }
}
