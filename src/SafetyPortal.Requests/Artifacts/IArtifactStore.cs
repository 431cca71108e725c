namespace SafetyPortal.Requests.Artifacts;

/// <summary>Files named by the SHA-256 of their content (64 lower-case hexadecimal digits). What is stored never changes.</summary>
public interface IArtifactStore
{
    /// <summary>Stores a stream to its end and returns its digest. Either the whole content is stored durably, or nothing.</summary>
    /// <exception cref="ArtifactException">It could not be written, for example because the disk is full.</exception>
    Task<string> PutAsync(Stream content, CancellationToken cancellationToken);

    /// <summary>The content, checked against its digest before the first byte is handed out.</summary>
    /// <exception cref="ArtifactException">It is not stored, or it is damaged.</exception>
    Task<Stream> OpenAsync(string digest, CancellationToken cancellationToken);

    /// <summary>True when the content is stored; false also for text that is no digest.</summary>
    bool Contains(string digest);

    /// <summary>Path of a stored file for readers that map it (patches, weights); the digest is checked first.</summary>
    /// <exception cref="ArtifactException">It is not stored, or it is damaged.</exception>
    Task<string> PathOfAsync(string digest, CancellationToken cancellationToken);
}

/// <summary>An artifact could not be stored or read. The message is meant for the user.</summary>
public sealed class ArtifactException(string message, Exception? inner = null) : IOException(message, inner);

public static class ArtifactStores
{
    /// <summary>Stores bytes and returns their digest.</summary>
    public static async Task<string> PutAsync(this IArtifactStore store, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        using var stream = new MemoryStream(content.ToArray(), writable: false);
        return await store.PutAsync(stream, cancellationToken);
    }

    /// <summary>Stores the content of a file and returns its digest.</summary>
    public static async Task<string> PutFileAsync(this IArtifactStore store, string path, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        await using var stream = File.OpenRead(path);
        return await store.PutAsync(stream, cancellationToken);
    }

    /// <summary>All bytes of an artifact that fits in memory.</summary>
    public static async Task<byte[]> ReadAsync(this IArtifactStore store, string digest, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        await using var stream = await store.OpenAsync(digest, cancellationToken);
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes, cancellationToken);
        return bytes.ToArray();
    }
}
