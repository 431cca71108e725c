namespace SafetyPortal.Requests;

/// <summary>How far an erase request is. Moves are methods of <see cref="EraseRequest"/>; no other move exists.</summary>
public enum RequestStatus
{
    /// <summary>Only its requester sees and changes it. Exits: <see cref="Submitted"/>, <see cref="Cancelled"/>.</summary>
    Draft = 0,

    /// <summary>Every signed-in person sees it; it has no run yet. Exits: <see cref="Queued"/>, <see cref="Cancelled"/>.</summary>
    Submitted = 1,

    /// <summary>A run exists and waits for a worker. Exits: <see cref="Running"/>, <see cref="Failed"/>, <see cref="Cancelled"/>.</summary>
    Queued = 2,

    /// <summary>A worker carries the run out. Exits: <see cref="AwaitingDecision"/>, <see cref="Failed"/>, <see cref="Cancelled"/>.</summary>
    Running = 3,

    /// <summary>
    /// The evidence is complete. Exits: <see cref="Approved"/>, <see cref="Rejected"/>, <see cref="ChangesRequested"/>, <see cref="Cancelled"/>.
    /// </summary>
    AwaitingDecision = 4,

    /// <summary>The quorum of approvers approved the evidence. Exit: <see cref="Released"/>.</summary>
    Approved = 5,

    /// <summary>The patch is published. Exits: <see cref="Superseded"/>, <see cref="Revoked"/>.</summary>
    Released = 6,

    /// <summary>A later release for the same model and concept took its place. Exit: <see cref="Revoked"/>.</summary>
    Superseded = 7,

    /// <summary>An approver or administrator revoked the release. No exit.</summary>
    Revoked = 8,

    /// <summary>The last run ended with an error. Exits: <see cref="Queued"/> (retry), <see cref="Cancelled"/>.</summary>
    Failed = 9,

    /// <summary>A person cancelled it before a decision. The outputs of finished stages stay. No exit.</summary>
    Cancelled = 10,

    /// <summary>An approver rejected it. No exit.</summary>
    Rejected = 11,

    /// <summary>An approver sent it back; its requester may revise it. Exits: <see cref="Queued"/>, <see cref="Cancelled"/>.</summary>
    ChangesRequested = 12,
}

public static class RequestStatuses
{
    /// <summary>Statuses in which a second request for the same model and concept is a duplicate.</summary>
    public static readonly IReadOnlyList<RequestStatus> Open =
    [
        RequestStatus.Submitted, RequestStatus.Queued, RequestStatus.Running, RequestStatus.AwaitingDecision,
        RequestStatus.Approved, RequestStatus.Failed, RequestStatus.ChangesRequested,
    ];

    /// <summary>Returns whether no move leaves the status.</summary>
    public static bool IsFinal(this RequestStatus status) =>
        status is RequestStatus.Revoked or RequestStatus.Cancelled or RequestStatus.Rejected;

    /// <summary>Returns the status in words, for example "awaiting decision".</summary>
    public static string Describe(this RequestStatus status) => IllegalMoveException.Describe(status);
}

/// <summary>Workers take queued runs of higher priority first, then older ones.</summary>
public enum RequestPriority
{
    Low = 0,
    Normal = 1,
    High = 2,
}
