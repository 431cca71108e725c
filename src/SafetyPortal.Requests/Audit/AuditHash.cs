using System.Globalization;

namespace SafetyPortal.Requests.Audit;

/// <summary>
/// The hash of an event: SHA-256 over the hash before it, the request it belongs to and a digest of all its columns. The two layers let someone who may
/// not read an event still follow the chain through it, and see that it belongs to another request.
/// </summary>
internal static class AuditHash
{
    public static string Compute(AuditEvent e) =>
        Compute(e.Sequence, e.Time, e.ActorId, e.ActorName, e.Action, e.Subject, e.Payload, e.PreviousHash);

    public static string Compute(
        long sequence, DateTimeOffset time, string actorId, string actorName, string action, string subject, string payload, string previousHash) =>
        Link(previousHash, AuditSubject.RequestIdOf(subject), Content(sequence, Iso(time), actorId, actorName, action, subject, payload));

    /// <summary>Digest over everything but the place in the chain.</summary>
    // The payload goes in as text: it is canonical already, and hashing the text leaves no room between what is stored and what is hashed.
    public static string Content(long sequence, string time, string actorId, string actorName, string action, string subject, string payload) =>
        CanonicalJson.Digest(new { sequence, time, actorId, actorName, action, subject, payload });

    /// <summary>The hash of an event of which only the digest is known.</summary>
    public static string Link(string previousHash, long? requestId, string content) => CanonicalJson.Digest(new { previousHash, requestId, content });

    /// <summary>Times as they are hashed and exported.</summary>
    public static string Iso(DateTimeOffset time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
}
