using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Safetensors;

/// <summary>
/// A safetensors file, memory-mapped for reading. Opening reads and validates the header only; tensors are copied out on demand.
/// Reading is safe from several threads.
/// </summary>
public sealed class SafetensorsFile : ITensorSource
{
    private const int PrefixBytes = 8;

    /// <summary>Spans end at 2 GiB, tensors do not.</summary>
    private const int CopyBytes = 1 << 30;

    private readonly SafeFileHandle handle;
    private readonly MemoryMappedFile? map;
    private readonly MemoryMappedViewAccessor? view;
    private readonly SafetensorsHeader header;
    private readonly long fileLength;
    private readonly long dataStart;

    private SafetensorsFile(string path, SafeFileHandle handle, SafetensorsHeader header, long dataStart)
    {
        Location = path;
        this.handle = handle;
        this.header = header;
        this.dataStart = dataStart;
        fileLength = RandomAccess.GetLength(handle);
        if (fileLength == dataStart)
            return;
        map = MemoryMappedFile.CreateFromFile(handle, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
    }

    /// <inheritdoc/>
    public string Location { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => header.Entries;

    /// <summary>The file's free-form <c>__metadata__</c>; empty if it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => header.Metadata;

    /// <summary>Opens a file and checks its header against the file's size.</summary>
    /// <exception cref="SafetensorsException">The file is missing, unreadable, damaged, or of another format.</exception>
    public static SafetensorsFile Open(string path)
    {
        SafeFileHandle opened;
        try
        {
            opened = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.RandomAccess);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SafetensorsException(path, "cannot be opened: " + exception.Message, exception);
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
            throw new SafetensorsException(Location, $"holds no tensor named \"{name}\"");
        // Touching a mapped page behind the end of a file that shrank would kill the process.
        if (RandomAccess.GetLength(handle) < fileLength)
            throw new SafetensorsException(Location, "became shorter while it was open");

        using var scope = NewDisposeScope();
        var tensor = empty(entry.Shape.ToArray(), dtype: entry.Dtype);
        CopyTo(entry, tensor);
        if (@as is { } type && type != entry.Dtype)
            tensor = tensor.to(type);
        if (device is not null)
            tensor = tensor.to(device);
        return tensor.MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        view?.Dispose();
        map?.Dispose();
        handle.Dispose();
    }

    private unsafe void CopyTo(SafetensorsEntry entry, Tensor tensor)
    {
        if (entry.ByteLength == 0)
            return;
        var elementSize = SafetensorsDtype.Size(entry.Dtype);
        using var flat = tensor.view(-1);
        byte* pointer = null;
        view!.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        try
        {
            var source = pointer + view.PointerOffset + dataStart + entry.Offset;
            for (var done = 0L; done < entry.ByteLength; done += CopyBytes)
            {
                var count = (int)Math.Min(CopyBytes, entry.ByteLength - done);
                var bytes = new ReadOnlySpan<byte>(source + done, count);
                // Any other byte in a C++ bool is undefined behaviour.
                if (entry.Dtype == ScalarType.Bool && bytes.ContainsAnyExceptInRange((byte)0, (byte)1))
                    throw new SafetensorsException(Location, $"tensor \"{entry.Name}\" is of type BOOL, but holds a byte other than 0 and 1");
                using var part = flat.narrow(0, done / elementSize, count / elementSize);
                bytes.CopyTo(part.bytes);
            }
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    private static (SafetensorsHeader Header, long DataStart) ReadHeader(string path, SafeFileHandle source)
    {
        var length = RandomAccess.GetLength(source);
        Span<byte> start = stackalloc byte[16];
        start = start[..RandomAccess.Read(source, start, 0)];
        if (ForeignFormat.Recognise(start) is { } format)
            throw new SafetensorsException(path, format);
        if (start.Length < PrefixBytes)
            throw new SafetensorsException(path, $"has {length} bytes; a safetensors file begins with the 8 bytes of its header's length");

        var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(start);
        if (headerLength > SafetensorsHeader.MaxBytes)
            throw new SafetensorsException(path, $"claims a header of {headerLength} bytes; at most {SafetensorsHeader.MaxBytes} are allowed (is this a safetensors file?)");
        if (headerLength > (ulong)(length - PrefixBytes))
            throw new SafetensorsException(path, $"claims a header of {headerLength} bytes, but only {length - PrefixBytes} bytes follow (is it cut off?)");
        if (headerLength < 2)
            throw new SafetensorsException(path, $"claims a header of {headerLength} bytes; even an empty one, {{}}, has 2");

        var json = new byte[headerLength];
        for (var done = 0; done < json.Length;)
        {
            var read = RandomAccess.Read(source, json.AsSpan(done), PrefixBytes + done);
            if (read == 0)
                throw new SafetensorsException(path, "became shorter while its header was read");
            done += read;
        }

        var end = PrefixBytes + (long)headerLength;
        return (SafetensorsHeader.Parse(json, length - end, path), end);
    }
}
