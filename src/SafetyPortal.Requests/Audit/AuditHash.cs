using System.Globalization;

namespace SafetyPortal.Requests.Audit;

/// <summary>The hash of an event: SHA-256 over the canonical JSON of all its other columns.</summary>
internal static class AuditHash
{
    public static string Compute(AuditEvent e) =>
        Compute(e.Sequence, e.Time, e.ActorId, e.ActorName, e.Action, e.Subject, e.Payload, e.PreviousHash);

    // The payload goes in as text: it is canonical already, and hashing the text leaves no room between what is stored and what is hashed.
    public static string Compute(
        long sequence, DateTimeOffset time, string actorId, string actorName, string action, string subject, string payload, string previousHash) =>
        CanonicalJson.Digest(new
        {
            sequence,
            time = time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
            actorId,
            actorName,
            action,
            subject,
            payload,
            previousHash,
        });
}
