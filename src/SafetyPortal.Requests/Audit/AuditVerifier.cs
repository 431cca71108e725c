using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Audit;

/// <summary>Checks that the history was not rewritten: each event's hash, the links between them, and the signed checkpoints.</summary>
public sealed class AuditVerifier(IDbContextFactory<PortalDb> databases, DataFolder folder, CheckpointKey key)
{
    private const long MaxSequence = 1L << 53;

    public async Task<AuditReport> ExecuteAsync(CancellationToken cancellationToken)
    {
        // Checkpoints first: one written after the events were read would seem to vouch for events that are not there.
        var lines = await new CheckpointFile(folder.Checkpoints, key).ReadAsync(cancellationToken);
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
            ? new AuditProblem(AuditFault.TornCheckpoint, line.Number, $"Line {line.Number} of the checkpoint file is incomplete: {line.Fault}. The next checkpoint takes its place.")
            : new AuditProblem(AuditFault.ForgedCheckpoint, line.Number, $"Line {line.Number} of the checkpoint file cannot be trusted: {line.Fault}.")));
        return new(problems, count, checkpoints.Count == 0 ? 0 : checkpoints.Max(c => c.Count), checkpoints.Count, previous?.Hash ?? AuditTrail.Genesis);
    }

    private static bool IsBroken(AuditEvent? previous, AuditEvent e) =>
        e.Sequence != (previous?.Sequence ?? 0) + 1
        || !string.Equals(e.PreviousHash, previous?.Hash ?? AuditTrail.Genesis, StringComparison.Ordinal)
        || !IsIntact(e);

    // A number that canonical JSON cannot hold was never hashed.
    private static bool IsIntact(AuditEvent e) =>
        e.Sequence is > 0 and < MaxSequence
        && string.Equals(e.Hash, AuditHash.Compute(e), StringComparison.Ordinal) && e.RequestId == AuditSubject.RequestIdOf(e.Subject);

    /// <summary>Finds out what was done around the first event <paramref name="e"/> that does not fit its predecessor.</summary>
    private async Task<AuditProblem> DiagnoseAsync(AuditEvent? previous, AuditEvent e, CancellationToken cancellationToken)
    {
        var expected = (previous?.Sequence ?? 0) + 1;
        var link = previous?.Hash ?? AuditTrail.Genesis;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);

        if (e.Sequence == expected && IsIntact(e))
            return DiagnoseLink(previous, e);

        // No event was written under a number far above the number of events, whatever number it has now.
        var origin = OriginOf(e, await db.AuditEvents.LongCountAsync(cancellationToken) + 1_000, cancellationToken);
        if (e.Sequence == expected && (origin is null || origin == expected))
            return new(AuditFault.ChangedField, e.Sequence, $"Event {e.Sequence} was changed after it was written: its hash does not fit its columns.");

        // Another event is in the place of the expected one, which is either elsewhere or gone.
        var elsewhere = await db.AuditEvents.AsNoTracking().Where(x => x.PreviousHash == link && x.Sequence > expected).OrderBy(x => x.Sequence).FirstOrDefaultAsync(cancellationToken);
        return elsewhere is not null
            ? new(AuditFault.Reordered, expected, $"Event {expected} was moved: it now stands at {elsewhere.Sequence}.")
            : new(AuditFault.Missing, expected, $"Event {expected} is missing: what follows event {expected - 1} was written as event {origin ?? e.Sequence}.");
    }

    // In place and intact by itself, but linked to another predecessor: that one was exchanged and its hash computed anew.
    private static AuditProblem DiagnoseLink(AuditEvent? previous, AuditEvent e) => previous is null
        ? new(AuditFault.ChangedField, e.Sequence, "Event 1 was changed and its hash computed anew: it names an event before it.")
        : new(AuditFault.ChangedField, previous.Sequence, $"Event {previous.Sequence} was changed and its hash computed anew: event {e.Sequence} still names the hash it had before.");

    /// <summary>The sequence number under which the event's hash was computed; null when none fits, so another column was changed.</summary>
    private static long? OriginOf(AuditEvent e, long limit, CancellationToken cancellationToken)
    {
        for (long sequence = 1; sequence <= limit; sequence++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var hash = AuditHash.Compute(sequence, e.Time, e.ActorId, e.ActorName, e.Action, e.Subject, e.Payload, e.PreviousHash);
            if (string.Equals(hash, e.Hash, StringComparison.Ordinal))
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
                    $"The newest events are gone: the checkpoint of {checkpoint.Time:u} vouches for {checkpoint.Count} events, the history ends with event {last}.");
                yield break;
            }
            var stored = anchors.GetValueOrDefault(checkpoint.Count);
            if (string.Equals(stored, checkpoint.HeadHash, StringComparison.Ordinal))
            {
                agreed = checkpoint.Count;
                continue;
            }
            // A break in the chain before this point explains the difference already.
            if (broken is null || broken.Sequence > checkpoint.Count)
            {
                yield return new(
                    AuditFault.RewrittenLog, agreed + 1,
                    $"The history was written anew somewhere in events {agreed + 1} to {checkpoint.Count}: the checkpoint of {checkpoint.Time:u} vouches for hash {checkpoint.HeadHash} at event {checkpoint.Count}, stored is {stored}.");
            }
            yield break;
        }
    }
}
