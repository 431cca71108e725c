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
