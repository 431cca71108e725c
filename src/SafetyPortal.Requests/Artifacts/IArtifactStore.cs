namespace SafetyPortal.Requests.Artifacts;

/// <summary>Files named by the SHA-256 of their content (64 lower-case hexadecimal digits). A stored file never changes.</summary>
public interface IArtifactStore
{
    /// <summary>Stores a stream to its end, whole or not at all, and returns its digest.</summary>
    /// <exception cref="ArtifactException">It could not be written, for example because the disk is full.</exception>
    Task<string> PutAsync(Stream content, CancellationToken cancellationToken);

    /// <summary>Returns the content, after checking it against its digest.</summary>
    /// <exception cref="ArtifactException">It is not stored, or it is damaged.</exception>
    Task<Stream> OpenAsync(string digest, CancellationToken cancellationToken);

    /// <summary>Returns whether the content is stored; false also for text that is no digest.</summary>
    bool Contains(string digest);

    /// <summary>Returns the path of a stored file, after checking its digest; for readers that map files into memory.</summary>
    /// <exception cref="ArtifactException">It is not stored, or it is damaged.</exception>
    Task<string> PathOfAsync(string digest, CancellationToken cancellationToken);
}

/// <summary>An artifact could not be stored or read. The message is for the user.</summary>
public sealed class ArtifactException(string message, Exception? inner = null) : IOException(message, inner);

public static class ArtifactStores
{
    /// <summary>Stores bytes and returns their digest.</summary>
    public static async Task<string> PutAsync(this IArtifactStore store, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        using var stream = new MemoryStream(content.ToArray(), writable: false);
        return await store.PutAsync(stream, cancellationToken);
    }

    /// <summary>Stores the content of a file and returns its digest.</summary>
    public static async Task<string> PutFileAsync(this IArtifactStore store, string path, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(path);
        return await store.PutAsync(stream, cancellationToken);
    }

    /// <summary>Returns all bytes of an artifact that fits in memory.</summary>
    public static async Task<byte[]> ReadAsync(this IArtifactStore store, string digest, CancellationToken cancellationToken)
    {
        await using var stream = await store.OpenAsync(digest, cancellationToken);
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes, cancellationToken);
        return bytes.ToArray();
    }
}
