using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Audit;

/// <summary>An event that waits for the save it belongs to. <paramref name="LateSubject"/> names a row whose id the database gives.</summary>
internal sealed record PendingEvent(Actor Actor, string Action, string Subject, object? Payload, Func<string>? LateSubject);

/// <summary>Appends to the chain of events.</summary>
internal static class AuditTrail
{
    /// <summary>Previous hash of the first event.</summary>
    public static readonly string Genesis = new('0', 64);

    /// <summary>
    /// Adds the events after the newest one. The caller holds a write transaction: since it is the only writer from before the
    /// newest event is read until the commit, the chain cannot fork.
    /// </summary>
    public static async Task AppendAsync(PortalDb db, IEnumerable<PendingEvent> events, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (db.Database.CurrentTransaction is null)
            throw new InvalidOperationException("expected a transaction in progress, got none: events and the change they describe are saved together");
        var last = await db.AuditEvents.AsNoTracking().OrderByDescending(e => e.Sequence)
            .Select(e => new { e.Sequence, e.Hash }).FirstOrDefaultAsync(cancellationToken);
        var sequence = last?.Sequence ?? 0;
        var previous = last?.Hash ?? Genesis;
        foreach (var pending in events)
        {
            sequence++;
            var payload = CanonicalJson.Serialize(pending.Payload ?? new { });
            var subject = pending.LateSubject?.Invoke() ?? pending.Subject;
            var hash = AuditHash.Compute(sequence, now, pending.Actor.Id, pending.Actor.Name, pending.Action, subject, payload, previous);
            db.AuditEvents.Add(new AuditEvent
            {
                Sequence = sequence,
                Time = now,
                ActorId = pending.Actor.Id,
                ActorName = pending.Actor.Name,
                Action = pending.Action,
                Subject = subject,
                RequestId = AuditSubject.RequestIdOf(subject),
                Payload = payload,
                PreviousHash = previous,
                Hash = hash,
            });
            previous = hash;
        }
    }
}
