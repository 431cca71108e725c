using System.Globalization;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Audit;

/// <summary>
/// One event of the history. <see cref="Hash"/> covers every other column including the hash of the event before, so a change, a gap or a move
/// breaks the chain.
/// </summary>
public sealed record AuditEvent
{
    /// <summary>1, 2, 3 ... without gaps.</summary>
    public required long Sequence { get; init; }

    public required DateTimeOffset Time { get; init; }

    public required string ActorId { get; init; }

    public required string ActorName { get; init; }

    /// <summary>One of <see cref="AuditActions"/>, for example "request.submitted".</summary>
    public required string Action { get; init; }

    /// <summary>What it happened to, for example "request/12" or "request/12/run/3".</summary>
    public required string Subject { get; init; }

    /// <summary>The request in <see cref="Subject"/>, by which queries find its events; null when the subject names none.</summary>
    public required long? RequestId { get; init; }

    /// <summary>Details as canonical JSON (RFC 8785). Prompts and images appear only as digests.</summary>
    public required string Payload { get; init; }

    /// <summary>Hash of the event before; 64 zeros for the first.</summary>
    public required string PreviousHash { get; init; }

    /// <summary>SHA-256, 64 lower-case hexadecimal digits.</summary>
    public required string Hash { get; init; }
}

/// <summary>An event that waits for the save it belongs to. The database may give <paramref name="Subject"/> its id only then.</summary>
internal sealed record PendingEvent(Actor Actor, string Action, Func<string> Subject, object? Payload);

/// <summary>Appends to the chain of events.</summary>
internal static class AuditTrail
{
    /// <summary>The hash before the first event.</summary>
    public static readonly string Genesis = new('0', 64);

    /// <summary>Adds the events after the newest one. The caller holds a write transaction, so no other writer can append to the same place.</summary>
    public static async Task AppendAsync(PortalDb db, IEnumerable<PendingEvent> events, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (db.Database.CurrentTransaction is null)
            throw new InvalidOperationException("Expected a transaction in progress, got none: events are saved together with the change they describe.");
        var last = await db.AuditEvents.AsNoTracking().OrderByDescending(e => e.Sequence).FirstOrDefaultAsync(cancellationToken);
        foreach (var pending in events)
        {
            var subject = pending.Subject();
            var next = new AuditEvent
            {
                Sequence = (last?.Sequence ?? 0) + 1,
                Time = now,
                ActorId = pending.Actor.Id,
                ActorName = pending.Actor.Name,
                Action = pending.Action,
                Subject = subject,
                RequestId = AuditSubject.RequestIdOf(subject),
                Payload = CanonicalJson.Serialize(pending.Payload ?? new { }),
                PreviousHash = last?.Hash ?? Genesis,
                Hash = "",
            };
            last = next with { Hash = AuditHash.Of(next) };
            db.AuditEvents.Add(last);
        }
    }
}

/// <summary>
/// The hash of an event: SHA-256 over the hash before it, the request it belongs to and a digest of its other columns. With the two layers, a reader who
/// may not see an event can still follow the chain through it, and see that it belongs to another request.
/// </summary>
internal static class AuditHash
{
    public static string Of(AuditEvent e) => Link(e.PreviousHash, AuditSubject.RequestIdOf(e.Subject), Content(e));

    /// <summary>Returns the digest over everything but the place in the chain.</summary>
    public static string Content(AuditEvent e) => Content(e.Sequence, Iso(e.Time), e.ActorId, e.ActorName, e.Action, e.Subject, e.Payload);

    // The payload is hashed as text: it is canonical already, and the text is exactly what is stored.
    public static string Content(long sequence, string time, string actorId, string actorName, string action, string subject, string payload) =>
        CanonicalJson.Digest(new { sequence, time, actorId, actorName, action, subject, payload });

    /// <summary>Returns the hash of an event of which only the digest is known.</summary>
    public static string Link(string previousHash, long? requestId, string content) => CanonicalJson.Digest(new { previousHash, requestId, content });

    /// <summary>Returns a time in the form of hashes and exports.</summary>
    public static string Iso(DateTimeOffset time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
}

/// <summary>Subjects are paths such as "request/12/run/3".</summary>
internal static class AuditSubject
{
    /// <summary>Returns the request that a subject belongs to, or null.</summary>
    public static long? RequestIdOf(string subject)
    {
        var parts = subject.Split('/');
        return parts.Length >= 2 && parts[0] == "request"
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
    }
}

/// <summary>Writes an event for something that changes no row of its own, such as an export.</summary>
public sealed class RecordEvent(IDbContextFactory<PortalDb> databases)
{
    /// <param name="payload">Serialisable details without prompts, images or secrets; null for none.</param>
    public async Task ExecuteAsync(Actor actor, string action, string subject, object? payload, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(subject);
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, _) = write;
        db.Record(actor, action, subject, payload);
        await write.CommitAsync(cancellationToken);
    }
}
