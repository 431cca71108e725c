using System.Text;
using System.Text.Json;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Audit;

/// <summary>One line of the checkpoint file. <paramref name="Fault"/> says why it cannot be trusted; null when it can.</summary>
/// <param name="Torn">Whether the writing of this line, the last one, was cut off.</param>
public sealed record CheckpointLine(int Number, AuditCheckpoint? Checkpoint, string? Fault, bool Torn = false);

/// <summary>The file of checkpoints: one canonical JSON object a line. The portal only appends to it.</summary>
public sealed class CheckpointFile(DataFolder folder, SigningKey key)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly string path = folder.Checkpoints;

    /// <summary>Returns all lines, each with why it cannot be trusted; none when there is no file yet.</summary>
    public async Task<IReadOnlyList<CheckpointLine>> ReadAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
            return [];
        await using var file = await OpenAsync(FileMode.Open, FileAccess.Read, FileShare.Read, cancellationToken);
        var (texts, end) = await LinesAsync(file, cancellationToken);
        var lines = new List<CheckpointLine>();
        var previous = AuditTrail.Genesis;
        foreach (var text in texts)
        {
            var line = Judge(lines.Count + 1, text, previous);
            lines.Add(line with { Torn = line.Fault is not null && end < file.Length && lines.Count == texts.Count - 1 });
            previous = CanonicalJson.DigestOfText(text);
        }
        return lines;
    }

    /// <summary>Signs a checkpoint, appends it and syncs it to the disk.</summary>
    /// <param name="make">Gets the newest genuine checkpoint; returns null when there is nothing to add.</param>
    /// <exception cref="BrokenHistoryException">There are lines, and none of them is genuine.</exception>
    public async Task<AuditCheckpoint?> AppendAsync(
        Func<AuditCheckpoint?, CancellationToken, Task<(long Count, string HeadHash, DateTimeOffset Time)?>> make, CancellationToken cancellationToken)
    {
        // No other process can open the file meanwhile, so two never append to the same place.
        await using var file = await OpenAsync(FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, cancellationToken);
        var (lines, end) = await LinesAsync(file, cancellationToken);
        if (end < file.Length)
            MendTail(file, lines, end);
        AuditCheckpoint? newest = null;
        for (var i = lines.Count - 1; i >= 0 && newest is null; i--)
            newest = Judge(i + 1, lines[i], previous: null).Checkpoint;
        if (newest is null && lines.Count > 0)
        {
            throw new BrokenHistoryException(
                $"None of the {lines.Count} checkpoints in {path} carries the signature of this portal's key {key.Id}; "
                + "verify the history before the portal signs anything else.");
        }
        if (await make(newest, cancellationToken) is not { } head)
            return null;
        var previous = lines.Count == 0 ? AuditTrail.Genesis : CanonicalJson.DigestOfText(lines[^1]);
        var checkpoint = AuditCheckpoint.Sign(head.Count, head.HeadHash, head.Time, previous, key);
        file.Seek(0, SeekOrigin.End);
        await file.WriteAsync(Encoding.UTF8.GetBytes(CanonicalJson.Serialize(checkpoint) + "\n"), cancellationToken);
        file.Flush(flushToDisk: true);
        return checkpoint;
    }

    // A full disk or a kill cut the last line off: it lacks its end alone, or is removed.
    private void MendTail(FileStream file, List<string> lines, long end)
    {
        if (Judge(lines.Count, lines[^1], previous: null).Checkpoint is not null)
        {
            file.Seek(0, SeekOrigin.End);
            file.WriteByte((byte)'\n');
        }
        else
        {
            file.SetLength(end);
            lines.RemoveAt(lines.Count - 1);
        }
        file.Flush(flushToDisk: true);
    }

    /// <summary>Returns the lines, and where the last complete one ends.</summary>
    private static async Task<(List<string> Lines, long End)> LinesAsync(FileStream file, CancellationToken cancellationToken)
    {
        var bytes = new byte[file.Length];
        await file.ReadExactlyAsync(bytes, cancellationToken);
        var lines = Encoding.UTF8.GetString(bytes).Split('\n').ToList();
        if (lines[^1].Length == 0)
            lines.RemoveAt(lines.Count - 1);
        return (lines, bytes.AsSpan().LastIndexOf((byte)'\n') + 1);
    }

    // An appender holds the file for milliseconds; readers and other appenders wait for it.
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
            if (checkpoint.KeyId != key.Id)
                return new(number, null, $"it names the key {checkpoint.KeyId}, not {key.Id}");
            if (!checkpoint.IsSignedBy(key))
                return new(number, null, "its signature does not fit");
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            return new(number, null, $"it is not a checkpoint ({error.Message})");
        }
        if (previous is not null && checkpoint.Previous != previous)
            return new(number, null, "a line before it was changed or taken out");
        return new(number, checkpoint, null);
    }
}
