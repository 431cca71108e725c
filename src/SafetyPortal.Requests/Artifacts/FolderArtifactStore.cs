using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SafetyPortal.Requests.Artifacts;

/// <summary>
/// Artifacts as files root/ab/cdef... The store writes a file to root/tmp, syncs it and then renames it, so every named file is complete and on
/// the disk. Several machines may share the folder.
/// </summary>
public sealed class FolderArtifactStore : IArtifactStore
{
    // A process writes a part without a pause, so a part this old belongs to none.
    private static readonly TimeSpan Abandoned = TimeSpan.FromHours(1);
    private const int BufferSize = 128 * 1024;
    private readonly string root;
    private readonly string temporary;

    /// <summary>Opens the store, makes its folder and removes what killed processes left in root/tmp.</summary>
    public FolderArtifactStore(string root)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(root);
        this.root = Path.GetFullPath(root);
        temporary = Path.Combine(this.root, "tmp");
        Directory.CreateDirectory(temporary);
        Sweep();
    }

    /// <inheritdoc/>
    public async Task<string> PutAsync(Stream content, CancellationToken cancellationToken)
    {
        var part = Path.Combine(temporary, Guid.NewGuid().ToString("N"));
        try
        {
            var digest = await WriteAsync(content, part, cancellationToken);
            var target = PathOf(digest);
            // The stored file may have been damaged since; the new copy replaces it.
            if (!await IsIntactAsync(digest, cancellationToken))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Move(part, target, overwrite: true);
                FolderSync.Flush(Path.GetDirectoryName(target)!);
            }
            return digest;
        }
        catch (IOException error) when (error is not ArtifactException)
        {
            throw new ArtifactException(
                $"The artifact could not be stored under {root}: {error.Message} Nothing was kept of it; free some space or check the folder, then try again.",
                error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new ArtifactException($"The artifact could not be stored: this process may not write to {root}.", error);
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <inheritdoc/>
    public async Task<Stream> OpenAsync(string digest, CancellationToken cancellationToken)
    {
        var file = await OpenCheckedAsync(digest, cancellationToken);
        file.Position = 0;
        return file;
    }

    /// <inheritdoc/>
    public bool Contains(string digest) => IsDigest(digest) && File.Exists(PathOf(digest));

    /// <inheritdoc/>
    public async Task<string> PathOfAsync(string digest, CancellationToken cancellationToken)
    {
        await using var file = await OpenCheckedAsync(digest, cancellationToken);
        return file.Name;
    }

    /// <summary>Returns whether the text is 64 lower-case hexadecimal digits, so that no name can lead out of the store.</summary>
    public static bool IsDigest(string? text) => text is { Length: 64 } && text.All(char.IsAsciiHexDigitLower);

    private async Task<bool> IsIntactAsync(string digest, CancellationToken cancellationToken)
    {
        if (!File.Exists(PathOf(digest)))
            return false;
        try
        {
            await using var file = await OpenCheckedAsync(digest, cancellationToken);
            return true;
        }
        catch (ArtifactException)
        {
            return false;
        }
    }

    private void Sweep()
    {
        foreach (var part in Directory.EnumerateFiles(temporary))
        {
            try
            {
                if (TimeProvider.System.GetUtcNow().UtcDateTime - File.GetLastWriteTimeUtc(part) < Abandoned)
                    continue;
                // This fails while a process writes the part.
                using var mine = new FileStream(part, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Another process writes it, or removed it first.
            }
        }
    }

    private async Task<FileStream> OpenCheckedAsync(string digest, CancellationToken cancellationToken)
    {
        if (!IsDigest(digest))
            throw new ArtifactException("Expected an artifact digest of 64 lower-case hexadecimal digits, got something else.");
        FileStream file;
        try
        {
            file = new FileStream(PathOf(digest), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, BufferSize, useAsync: true);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ArtifactException($"The artifact {digest} is not stored.", error);
        }
        try
        {
            var actual = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
            if (actual != digest)
                throw new ArtifactException($"The artifact {digest} is damaged: its content has the digest {actual}.");
            return file;
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    private string PathOf(string digest) => Path.Combine(root, digest[..2], digest[2..]);

    private static async Task<string> WriteAsync(Stream content, string path, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, useAsync: true);
        var buffer = new byte[BufferSize];
        int read;
        while ((read = await content.ReadAsync(buffer, cancellationToken)) > 0)
        {
            hash.AppendData(buffer, 0, read);
            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
        file.Flush(flushToDisk: true);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

/// <summary>Makes a rename durable: POSIX keeps the new name only once the folder is synced. .NET cannot open a folder, so this calls libc.</summary>
internal static partial class FolderSync
{
    private const int ReadOnly = 0;

    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        var descriptor = Open(folder, ReadOnly);
        if (descriptor < 0)
            throw new IOException($"The folder {folder} could not be opened for syncing (errno {Marshal.GetLastPInvokeError()}).");
        var failed = Sync(descriptor) != 0;
        var errno = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (failed)
            throw new IOException($"The folder {folder} could not be synced to disk (errno {errno}).");
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
