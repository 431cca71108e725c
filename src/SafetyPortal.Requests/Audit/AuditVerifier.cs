using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Audit;

/// <summary>How the history was changed.</summary>
public enum AuditFault
{
    /// <summary>A column of an event was changed.</summary>
    ChangedField = 0,

    /// <summary>An event was moved.</summary>
    Reordered = 1,

    /// <summary>An event between others is gone.</summary>
    Missing = 2,

    /// <summary>The newest events, which a checkpoint names, are gone.</summary>
    CutTail = 3,

    /// <summary>The events agree among themselves but not with a checkpoint.</summary>
    RewrittenLog = 4,

    /// <summary>A checkpoint does not carry the portal's signature, or lines of the file were changed or removed.</summary>
    ForgedCheckpoint = 5,

    /// <summary>The last line of the checkpoint file is incomplete. The next checkpoint takes its place.</summary>
    TornCheckpoint = 6,
}

/// <summary>One finding. <paramref name="Sequence"/> is the first bad event, or for a forged or torn checkpoint its line number.</summary>
public sealed record AuditProblem(AuditFault Fault, long Sequence, string Text);

/// <summary>The result of a verification.</summary>
/// <param name="Problems">Empty when the history is sound; the first is the earliest bad event.</param>
/// <param name="AnchoredCount">Events that the newest genuine checkpoint covers.</param>
/// <param name="HeadHash">Hash of the newest event, 64 zeros when there is none.</param>
public sealed record AuditReport(IReadOnlyList<AuditProblem> Problems, long EventCount, long AnchoredCount, int CheckpointCount, string HeadHash)
{
    public bool Sound => Problems.Count == 0;

    public long NotYetAnchored => Math.Max(0, EventCount - AnchoredCount);
}

/// <summary>Checks each event's hash, the links between the events, and the signed checkpoints.</summary>
public sealed class AuditVerifier(IDbContextFactory<PortalDb> databases, CheckpointFile file)
{
    private const long MaxSequence = 1L << 53;

    public async Task<AuditReport> ExecuteAsync(CancellationToken cancellationToken)
    {
        // Checkpoints first: one written after the events were read would seem to vouch for events that are not there.
        var lines = await file.ReadAsync(cancellationToken);
        var checkpoints = lines.Where(line => line.Checkpoint is not null).Select(line => line.Checkpoint!).ToList();
        var wanted = checkpoints.Select(checkpoint => checkpoint.Count).ToHashSet();

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var anchors = new Dictionary<long, string>();
        AuditProblem? broken = null;
        AuditEvent? previous = null;
        long count = 0;
        await foreach (var e in db.AuditEvents.AsNoTracking().OrderBy(e => e.Sequence).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            count++;
            if (wanted.Contains(e.Sequence))
                anchors[e.Sequence] = e.Hash;
            if (broken is null && IsBroken(previous, e))
                broken = await DiagnoseAsync(previous, e, cancellationToken);
            previous = e;
        }

        var problems = new List<AuditProblem>();
        if (broken is not null)
            problems.Add(broken);
        problems.AddRange(CompareWithCheckpoints(checkpoints, anchors, previous?.Sequence ?? 0, broken));
        problems.AddRange(lines.Where(line => line.Fault is not null).Select(line => line.Torn
            ? new AuditProblem(
                AuditFault.TornCheckpoint, line.Number,
                $"Line {line.Number} of the checkpoint file is incomplete: {line.Fault}. The next checkpoint takes its place.")
            : new AuditProblem(AuditFault.ForgedCheckpoint, line.Number, $"Line {line.Number} of the checkpoint file cannot be trusted: {line.Fault}.")));
        return new(problems, count, checkpoints.Select(c => c.Count).DefaultIfEmpty().Max(), checkpoints.Count, previous?.Hash ?? AuditTrail.Genesis);
    }

    private static bool IsBroken(AuditEvent? previous, AuditEvent e) =>
        e.Sequence != (previous?.Sequence ?? 0) + 1
        || e.PreviousHash != (previous?.Hash ?? AuditTrail.Genesis)
        || !IsIntact(e);

    // Canonical JSON cannot hold larger numbers, so the portal never hashed one.
    private static bool IsIntact(AuditEvent e) =>
        e.Sequence is > 0 and < MaxSequence && e.Hash == AuditHash.Of(e) && e.RequestId == AuditSubject.RequestIdOf(e.Subject);

    /// <summary>Finds the change around <paramref name="e"/>, the first event that does not fit its predecessor.</summary>
    private async Task<AuditProblem> DiagnoseAsync(AuditEvent? previous, AuditEvent e, CancellationToken cancellationToken)
    {
        var expected = (previous?.Sequence ?? 0) + 1;
        var link = previous?.Hash ?? AuditTrail.Genesis;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);

        if (e.Sequence == expected && IsIntact(e))
            return DiagnoseLink(previous, e);

        // Numbers have no gaps, so no event ever had one far above their count.
        var origin = OriginOf(e, await db.AuditEvents.LongCountAsync(cancellationToken) + 1_000, cancellationToken);
        if (e.Sequence == expected && (origin is null || origin == expected))
            return new(AuditFault.ChangedField, e.Sequence, $"Event {e.Sequence} was changed after it was written: its hash does not fit its columns.");

        // Another event has the place of the expected one, which was moved or removed.
        var elsewhere = await db.AuditEvents.AsNoTracking().Where(x => x.PreviousHash == link && x.Sequence > expected)
            .OrderBy(x => x.Sequence).FirstOrDefaultAsync(cancellationToken);
        return elsewhere is not null
            ? new(AuditFault.Reordered, expected, $"Event {expected} was moved: it is at {elsewhere.Sequence} now.")
            : new(AuditFault.Missing, expected, $"Event {expected} is missing: what follows event {expected - 1} was written as event {origin ?? e.Sequence}.");
    }

    // The event is in place and intact, but names another hash before it: its predecessor was changed and got a new hash.
    private static AuditProblem DiagnoseLink(AuditEvent? previous, AuditEvent e) => previous is null
        ? new(AuditFault.ChangedField, e.Sequence, "Event 1 was changed and its hash computed anew: it names an event before it.")
        : new(
            AuditFault.ChangedField, previous.Sequence,
            $"Event {previous.Sequence} was changed and its hash computed anew: event {e.Sequence} still names the hash it had before.");

    /// <summary>Returns the sequence number that the event's hash covers; null when none fits, because another column was changed.</summary>
    private static long? OriginOf(AuditEvent e, long limit, CancellationToken cancellationToken)
    {
        for (long sequence = 1; sequence <= limit; sequence++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (AuditHash.Of(e with { Sequence = sequence }) == e.Hash)
                return sequence;
        }
        return null;
    }

    private static IEnumerable<AuditProblem> CompareWithCheckpoints(
        List<AuditCheckpoint> checkpoints, Dictionary<long, string> anchors, long last, AuditProblem? broken)
    {
        long agreed = 0;
        foreach (var checkpoint in checkpoints.OrderBy(c => c.Count))
        {
            if (checkpoint.Count > last)
            {
                yield return new(
                    AuditFault.CutTail, last + 1,
                    $"The newest events are gone: the checkpoint of {checkpoint.Time:u} vouches for {checkpoint.Count} events, "
                    + $"the history ends with event {last}.");
                yield break;
            }
            var stored = anchors.GetValueOrDefault(checkpoint.Count);
            if (stored == checkpoint.HeadHash)
            {
                agreed = checkpoint.Count;
                continue;
            }
            // An earlier break in the chain explains the difference already.
            if (broken is null || broken.Sequence > checkpoint.Count)
            {
                yield return new(
                    AuditFault.RewrittenLog, agreed + 1,
                    $"The history was written anew somewhere in events {agreed + 1} to {checkpoint.Count}: the checkpoint of {checkpoint.Time:u} "
                    + $"vouches for the hash {checkpoint.HeadHash} at event {checkpoint.Count}, which has {stored}.");
            }
            yield break;
        }
    }
}
