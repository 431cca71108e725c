using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Approval;

/// <summary>What an approver does with the evidence.</summary>
public enum DecisionKind
{
    Approve = 0,
    Reject = 1,
    RequestChanges = 2,
}

/// <summary>Why an approver rejects a request or sends it back; a comment may add to it.</summary>
public enum DecisionReason
{
    /// <summary>Only for approvals.</summary>
    None = 0,
    ConceptStillVisible = 1,
    OtherConceptsDamaged = 2,
    QualityTooLow = 3,
    EvidenceInsufficient = 4,
    OutOfPolicy = 5,
    NotJustified = 6,
    Other = 7,
}

/// <summary>One approver's decision on the evidence of one run. It never changes; a new run makes it void, even when it ends with the same evidence.</summary>
public sealed class Decision : IAudited
{
    public long Id { get; private set; }

    public required long RequestId { get; init; }

    public required long RunId { get; init; }

    public required string ApproverId { get; init; }

    public required string ApproverName { get; init; }

    public required DecisionKind Kind { get; init; }

    public required DecisionReason Reason { get; init; }

    public string? Comment { get; init; }

    /// <summary>The evidence that the approver saw.</summary>
    public required string EvidenceDigest { get; init; }

    public required DateTimeOffset DecidedAt { get; init; }
}

/// <summary>An approver's written permission to pass failed gates for the evidence of one run. Only another approver may use it.</summary>
public sealed class Waiver : IAudited
{
    public long Id { get; private set; }

    public required long RequestId { get; init; }

    public required long RunId { get; init; }

    public required string EvidenceDigest { get; init; }

    public required string GrantedById { get; init; }

    public required string GrantedByName { get; init; }

    public required string Reason { get; init; }

    public required DateTimeOffset GrantedAt { get; init; }
}
