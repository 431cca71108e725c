using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using SafetyPortal.Requests.Audit;

namespace SafetyPortal.Requests.Evidence.Pack;

/// <summary>Writes the zip. The same files give the same bytes: entries are sorted and carry one fixed time and no attributes.</summary>
internal static class PackWriter
{
    // The earliest time a zip can express.
    private static readonly DateTimeOffset Epoch = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <param name="files">Opens the content of each path. The writer calls it twice, for the digest and for the content.</param>
    /// <param name="manifest">Makes the manifest of the listed files.</param>
    public static async Task WriteAsync(
        Stream target,
        IReadOnlyDictionary<string, Func<CancellationToken, Task<Stream>>> files,
        Func<IReadOnlyList<PackFile>, PackManifest> manifest,
        CancellationToken cancellationToken)
    {
        var listed = new List<PackFile>();
        foreach (var path in files.Keys.Order(StringComparer.Ordinal))
        {
            await using var content = await files[path](cancellationToken);
            listed.Add(new(path, content.Length, Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken))));
        }

        var index = Encoding.UTF8.GetBytes(CanonicalJson.Serialize(manifest(listed)));
        await using var zip = new ZipArchive(target, ZipArchiveMode.Create, leaveOpen: true, Encoding.UTF8);
        foreach (var path in listed.Select(file => file.Path).Append(PackPath.Manifest).Order(StringComparer.Ordinal))
        {
            var entry = zip.CreateEntry(path, LevelOf(path));
            entry.LastWriteTime = Epoch;
            entry.ExternalAttributes = 0;
            await using var into = await entry.OpenAsync(cancellationToken);
            await using var content = path == PackPath.Manifest ? new MemoryStream(index) : await files[path](cancellationToken);
            await content.CopyToAsync(into, cancellationToken);
        }
    }

    // Images are compressed already; a patch may be large.
    private static CompressionLevel LevelOf(string path) =>
        path.StartsWith("images/", StringComparison.Ordinal) ? CompressionLevel.NoCompression
        : path == PackPath.Patch ? CompressionLevel.Fastest
        : CompressionLevel.Optimal;
}
