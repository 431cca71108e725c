using System.Text;
using System.Text.Json;

namespace SafetyPortal.Requests.Audit;

/// <summary>One line of the checkpoint file. <paramref name="Fault"/> says why it cannot be trusted; null when it can.</summary>
public sealed record CheckpointLine(int Number, AuditCheckpoint? Checkpoint, string? Fault);

/// <summary>The file of checkpoints: one canonical JSON object a line, only ever appended to.</summary>
internal sealed class CheckpointFile(string path, CheckpointKey key)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>All lines with a verdict on each; none when there is no file yet.</summary>
    public async Task<IReadOnlyList<CheckpointLine>> ReadAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
            return [];
        var lines = new List<CheckpointLine>();
        var previous = AuditTrail.Genesis;
        foreach (var text in await File.ReadAllLinesAsync(path, cancellationToken))
        {
            lines.Add(Judge(lines.Count + 1, text, previous));
            previous = CanonicalJson.DigestOfText(text);
        }
        return lines;
    }

    /// <summary>Signs and appends a checkpoint; on the disk when this returns. <paramref name="make"/> gets the newest line's checkpoint and may return null for "nothing to add".</summary>
    public async Task<AuditCheckpoint?> AppendAsync(
        Func<AuditCheckpoint?, CancellationToken, Task<(long Count, string HeadHash, DateTimeOffset Time)?>> make, CancellationToken cancellationToken)
    {
        await using var file = await LockAsync(cancellationToken);
        using var reader = new StreamReader(file, Encoding.UTF8, leaveOpen: true);
        string? last = null;
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
            last = line;
        var newest = last is null ? null : Judge(1, last, previous: null).Checkpoint;
        if (await make(newest, cancellationToken) is not { } head)
            return null;
        var checkpoint = key.Sign(head.Count, head.HeadHash, head.Time, last is null ? AuditTrail.Genesis : CanonicalJson.DigestOfText(last));
        file.Seek(0, SeekOrigin.End);
        await file.WriteAsync(Encoding.UTF8.GetBytes(CanonicalJson.Serialize(checkpoint) + "\n"), cancellationToken);
        file.Flush(flushToDisk: true);
        return checkpoint;
    }

    // Whoever holds the file open for writing holds the lock: two processes never append to the same place.
    private async Task<FileStream> LockAsync(CancellationToken cancellationToken)
    {
        for (var waited = TimeSpan.Zero; ; waited += TimeSpan.FromMilliseconds(50))
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (waited < Patience)
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
        }
        catch (JsonException error)
        {
            return new(number, null, $"it is not a checkpoint ({error.Message})");
        }
        if (checkpoint is null or { HeadHash: null } or { Previous: null } or { KeyId: null } or { Signature: null })
            return new(number, null, "it lacks a member");
        if (!string.Equals(checkpoint.KeyId, key.KeyId, StringComparison.Ordinal))
            return new(number, null, $"it names the key {checkpoint.KeyId}, not {key.KeyId}");
        if (!key.Verifies(checkpoint))
            return new(number, null, "its signature does not fit");
        if (previous is not null && !string.Equals(checkpoint.Previous, previous, StringComparison.Ordinal))
            return new(number, null, "a line before it was changed or taken out");
        return new(number, checkpoint, null);
    }
}
