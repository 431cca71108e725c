using System.Text;
using System.Text.Json;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Audit;

/// <summary>One line of the checkpoint file. <paramref name="Fault"/> says why it cannot be trusted; null when it can.</summary>
/// <param name="Torn">It is the last line and has no end: its writing was cut off.</param>
public sealed record CheckpointLine(int Number, AuditCheckpoint? Checkpoint, string? Fault, bool Torn = false);

/// <summary>The file of checkpoints: one canonical JSON object a line, only ever appended to.</summary>
public sealed class CheckpointFile(DataFolder folder, SigningKey key)
{
    private readonly string path = folder.Checkpoints;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>All lines with a verdict on each; none when there is no file yet.</summary>
    public async Task<IReadOnlyList<CheckpointLine>> ReadAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
            return [];
        await using var file = await OpenAsync(FileMode.Open, FileAccess.Read, FileShare.Read, cancellationToken);
        var ended = await EndOfLastLineAsync(file, cancellationToken) == file.Length;
        var texts = await LinesAsync(file, cancellationToken);
        var lines = new List<CheckpointLine>();
        var previous = AuditTrail.Genesis;
        foreach (var text in texts)
        {
            var line = Judge(lines.Count + 1, text, previous);
            lines.Add(line with { Torn = line.Fault is not null && !ended && lines.Count == texts.Count - 1 });
            previous = CanonicalJson.DigestOfText(text);
        }
        return lines;
    }

    /// <summary>Signs and appends a checkpoint; on the disk when this returns. <paramref name="make"/> gets the newest genuine checkpoint and may return null for "nothing to add".</summary>
    /// <exception cref="BrokenHistoryException">There are lines and none of them is genuine: nothing says what the history was.</exception>
    public async Task<AuditCheckpoint?> AppendAsync(
        Func<AuditCheckpoint?, CancellationToken, Task<(long Count, string HeadHash, DateTimeOffset Time)?>> make, CancellationToken cancellationToken)
    {
        // The process that holds the file open for writing holds the lock, so two processes never append to the same place.
        await using var file = await OpenAsync(FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, cancellationToken);
        await MendTailAsync(file, cancellationToken);
        var lines = await LinesAsync(file, cancellationToken);
        AuditCheckpoint? newest = null;
        for (var i = lines.Count - 1; i >= 0 && newest is null; i--)
            newest = Judge(i + 1, lines[i], previous: null).Checkpoint;
        if (newest is null && lines.Count > 0)
            throw new BrokenHistoryException($"None of the {lines.Count} checkpoints in {path} was signed with this portal's key {key.Id}; verify the history before anything else is signed.");
        if (await make(newest, cancellationToken) is not { } head)
            return null;
        var checkpoint = AuditCheckpoint.Sign(head.Count, head.HeadHash, head.Time, lines.Count == 0 ? AuditTrail.Genesis : CanonicalJson.DigestOfText(lines[^1]), key);
        file.Seek(0, SeekOrigin.End);
        await file.WriteAsync(Encoding.UTF8.GetBytes(CanonicalJson.Serialize(checkpoint) + "\n"), cancellationToken);
        file.Flush(flushToDisk: true);
        return checkpoint;
    }

    /// <summary>A line whose writing was cut off by a full disk or a kill is ended when it is whole, and cut away otherwise.</summary>
    private async Task MendTailAsync(FileStream file, CancellationToken cancellationToken)
    {
        var end = await EndOfLastLineAsync(file, cancellationToken);
        if (end == file.Length)
            return;
        var tail = new byte[file.Length - end];
        file.Seek(end, SeekOrigin.Begin);
        await file.ReadExactlyAsync(tail, cancellationToken);
        if (Judge(1, Encoding.UTF8.GetString(tail), previous: null).Checkpoint is not null)
            file.WriteByte((byte)'\n');
        else
            file.SetLength(end);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Where the last complete line ends: the length of the file unless its last line was cut off.</summary>
    private static async Task<long> EndOfLastLineAsync(FileStream file, CancellationToken cancellationToken)
    {
        var block = new byte[4096];
        for (var end = file.Length; end > 0;)
        {
            var start = Math.Max(0, end - block.Length);
            var part = block.AsMemory(0, (int)(end - start));
            file.Seek(start, SeekOrigin.Begin);
            await file.ReadExactlyAsync(part, cancellationToken);
            var at = part.Span.LastIndexOf((byte)'\n');
            if (at >= 0)
                return start + at + 1;
            end = start;
        }
        return 0;
    }

    private static async Task<List<string>> LinesAsync(FileStream file, CancellationToken cancellationToken)
    {
        file.Seek(0, SeekOrigin.Begin);
        using var reader = new StreamReader(file, Encoding.UTF8, leaveOpen: true);
        var lines = new List<string>();
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
            lines.Add(line);
        return lines;
    }

    // Readers wait for the appender as well, which holds the file for milliseconds.
    private async Task<FileStream> OpenAsync(FileMode mode, FileAccess access, FileShare share, CancellationToken cancellationToken)
    {
        for (var waited = TimeSpan.Zero; ; waited += TimeSpan.FromMilliseconds(50))
        {
            try
            {
                return new FileStream(path, mode, access, share);
            }
            catch (IOException error) when (waited < Patience && error is not FileNotFoundException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
            }
        }
    }

    private CheckpointLine Judge(int number, string text, string? previous)
    {
        AuditCheckpoint? checkpoint;
        try
        {
            checkpoint = JsonSerializer.Deserialize<AuditCheckpoint>(text, CanonicalJson.Options);
            if (checkpoint is null or { HeadHash: null } or { Previous: null } or { KeyId: null } or { Signature: null })
                return new(number, null, "it lacks a member");
            if (!string.Equals(checkpoint.KeyId, key.Id, StringComparison.Ordinal))
                return new(number, null, $"it names the key {checkpoint.KeyId}, not {key.Id}");
            if (!checkpoint.IsSignedBy(key))
                return new(number, null, "its signature does not fit");
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            return new(number, null, $"it is not a checkpoint ({error.Message})");
        }
        if (previous is not null && !string.Equals(checkpoint.Previous, previous, StringComparison.Ordinal))
            return new(number, null, "a line before it was changed or taken out");
        return new(number, checkpoint, null);
    }
}
