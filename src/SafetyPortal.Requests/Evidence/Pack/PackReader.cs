using System.IO.Compression;
using System.Security.Cryptography;

namespace SafetyPortal.Requests.Evidence.Pack;

/// <summary>The pack cannot be trusted. <see cref="Item"/> names the part; the message says what was expected and what came.</summary>
public sealed class PackException(string item, string message, Exception? inner = null) : IOException(message, inner)
{
    public string Item { get; } = item;
}

/// <summary>How large a pack may be.</summary>
public sealed record PackLimits(int Files = 20_000, long FileBytes = 4L << 30, long TotalBytes = 8L << 30, int TextBytes = 128 << 20)
{
    public static readonly PackLimits Default = new();
}

/// <summary>
/// Reads a zip from an unknown sender. It writes to no path that the zip names, and reads no more of a file than the file declares, within limits.
/// </summary>
public sealed class PackReader : IDisposable
{
    private readonly ZipArchive zip;
    private readonly PackLimits limits;
    private readonly Dictionary<string, ZipArchiveEntry> entries = new(StringComparer.Ordinal);

    private PackReader(ZipArchive zip, PackLimits limits) => (this.zip, this.limits) = (zip, limits);

    /// <summary>Names of the files, sorted.</summary>
    public IEnumerable<string> Paths => entries.Keys.Order(StringComparer.Ordinal);

    /// <exception cref="PackException">The content is no zip, or holds a file with a bad name, a bad size or encryption.</exception>
    public static PackReader Open(Stream content, PackLimits? limits = null)
    {
        ZipArchive? opened = null;
        try
        {
            opened = new ZipArchive(content, ZipArchiveMode.Read, leaveOpen: true);
            var reader = new PackReader(opened, limits ?? PackLimits.Default);
            reader.Index();
            return reader;
        }
        catch (InvalidDataException error)
        {
            opened?.Dispose();
            throw new PackException("archive", $"expected a zip file: {error.Message}", error);
        }
        catch
        {
            opened?.Dispose();
            throw;
        }
    }

    /// <summary>Returns the content of a small file.</summary>
    /// <exception cref="PackException">The file is missing, too large, or not as long as it declares.</exception>
    public async Task<byte[]> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var entry = Find(path);
        if (entry.Length > limits.TextBytes)
            throw new PackException(path, $"expected at most {limits.TextBytes:N0} bytes, it declares {entry.Length:N0}");
        using var bytes = new MemoryStream();
        await CopyAsync(path, bytes, cancellationToken);
        return bytes.ToArray();
    }

    /// <summary>Copies a file and returns its length and digest.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public async Task<(long Bytes, string Sha256)> CopyAsync(string path, Stream target, CancellationToken cancellationToken)
    {
        var entry = Find(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long total = 0;
        try
        {
            await using var content = await entry.OpenAsync(cancellationToken);
            var buffer = new byte[128 * 1024];
            int read;
            while ((read = await content.ReadAsync(buffer, cancellationToken)) > 0)
            {
                total += read;
                if (total > entry.Length)
                    throw new PackException(path, $"it declares {entry.Length:N0} bytes and unpacks to more");
                hash.AppendData(buffer, 0, read);
                await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
        }
        catch (InvalidDataException error)
        {
            throw new PackException(path, $"its compressed data is damaged: {error.Message}", error);
        }
        return total == entry.Length
            ? (total, Convert.ToHexStringLower(hash.GetHashAndReset()))
            : throw new PackException(path, $"it declares {entry.Length:N0} bytes and unpacks to {total:N0}");
    }

    public void Dispose() => zip.Dispose();

    private ZipArchiveEntry Find(string path) =>
        entries.GetValueOrDefault(path) ?? throw new PackException(path, "the file is missing from the pack");

    private void Index()
    {
        if (zip.Entries.Count > limits.Files)
            throw new PackException("archive", $"expected at most {limits.Files:N0} files, there are {zip.Entries.Count:N0}");
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        long total = 0;
        foreach (var entry in zip.Entries)
        {
            var name = entry.FullName;
            if (!IsPlain(name))
                throw new PackException("archive", $"expected plain relative file names, got \"{Printable(name)}\"");
            if (!seen.Add(name))
                throw new PackException(name, "the file is in the zip twice");
            if (entry.IsEncrypted)
                throw new PackException(name, "the file is encrypted");
            total += entry.Length;
            if (entry.Length > limits.FileBytes || total > limits.TotalBytes)
            {
                throw new PackException(
                    name,
                    $"expected at most {limits.FileBytes:N0} bytes a file and {limits.TotalBytes:N0} in all; "
                    + $"it declares {entry.Length:N0} ({total:N0} so far)");
            }
            entries.Add(name, entry);
        }
    }

    private static bool IsPlain(string name) =>
        name.Length is > 0 and <= 200
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.')
        && name.Split('/').All(part => part.Length > 0 && part.Trim('.').Length > 0);

    private static string Printable(string name) => new([.. name.Take(80).Select(c => char.IsControl(c) ? '?' : c)]);
}
