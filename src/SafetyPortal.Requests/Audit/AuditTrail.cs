using System.Globalization;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Audit;

/// <summary>
/// One change that happened. <see cref="Hash"/> covers every other column including the previous event's hash, so events form a chain
/// in which nothing can be altered, left out or moved without breaking it.
/// </summary>
public sealed class AuditEvent
{
    /// <summary>1, 2, 3 ... without gaps.</summary>
    public required long Sequence { get; init; }

    public required DateTimeOffset Time { get; init; }

    public required string ActorId { get; init; }

    public required string ActorName { get; init; }

    /// <summary>Dotted verb, for example "request.submitted".</summary>
    public required string Action { get; init; }

    /// <summary>What it happened to, for example "request/12" or "request/12/run/3".</summary>
    public required string Subject { get; init; }

    /// <summary>The request in <see cref="Subject"/>, for finding a request's events; null when the subject is none. Derived, and checked when verifying.</summary>
    public required long? RequestId { get; init; }

    /// <summary>Details as canonical JSON (RFC 8785). Prompts and images appear only as digests.</summary>
    public required string Payload { get; init; }

    /// <summary>Hash of the event before; 64 zeros for the first.</summary>
    public required string PreviousHash { get; init; }

    /// <summary>SHA-256, 64 lower-case hexadecimal digits.</summary>
    public required string Hash { get; init; }
}

/// <summary>An event that waits for the save it belongs to. <paramref name="LateSubject"/> names a row whose id the database gives.</summary>
internal sealed record PendingEvent(Actor Actor, string Action, string Subject, object? Payload, Func<string>? LateSubject);

/// <summary>Appends to the chain of events.</summary>
internal static class AuditTrail
{
    /// <summary>The hash before the first event.</summary>
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

/// <summary>
/// The hash of an event: SHA-256 over the hash before it, the request it belongs to and a digest of all its columns. With the two layers, a reader who may
/// not see an event can still follow the chain through it, and see that it belongs to another request.
/// </summary>
internal static class AuditHash
{
    public static string Compute(AuditEvent e) =>
        Compute(e.Sequence, e.Time, e.ActorId, e.ActorName, e.Action, e.Subject, e.Payload, e.PreviousHash);

    public static string Compute(
        long sequence, DateTimeOffset time, string actorId, string actorName, string action, string subject, string payload, string previousHash) =>
        Link(previousHash, AuditSubject.RequestIdOf(subject), Content(sequence, Iso(time), actorId, actorName, action, subject, payload));

    /// <summary>Digest over everything but the place in the chain.</summary>
    // The payload is hashed as text: it is canonical already, and the text is exactly what is stored.
    public static string Content(long sequence, string time, string actorId, string actorName, string action, string subject, string payload) =>
        CanonicalJson.Digest(new { sequence, time, actorId, actorName, action, subject, payload });

    /// <summary>The hash of an event of which only the digest is known.</summary>
    public static string Link(string previousHash, long? requestId, string content) => CanonicalJson.Digest(new { previousHash, requestId, content });

    /// <summary>Times as they are hashed and exported.</summary>
    public static string Iso(DateTimeOffset time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
}

/// <summary>Subjects are paths such as "request/12/run/3".</summary>
internal static class AuditSubject
{
    /// <summary>The request a subject belongs to; null when it belongs to none.</summary>
    public static long? RequestIdOf(string subject)
    {
        var parts = subject.Split('/');
        return parts.Length >= 2 && string.Equals(parts[0], "request", StringComparison.Ordinal)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
    }
}

/// <summary>Writes an event for something that changes no row of its own: a sign-in, a reveal, an export.</summary>
public sealed class RecordEvent(IDbContextFactory<PortalDb> databases)
{
    /// <param name="payload">Serialisable details without prompts, images or secrets; null for none.</param>
    public async Task ExecuteAsync(Actor actor, string action, string subject, object? payload, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        ArgumentException.ThrowIfNullOrWhiteSpace(action);
        ArgumentException.ThrowIfNullOrWhiteSpace(subject);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var write = await db.BeginWriteAsync(cancellationToken);
        db.Record(actor, action, subject, payload);
        await write.CommitAsync(cancellationToken);
    }
}
