namespace SafetyPortal.Requests;

/// <summary>Status of an erase request. Moves are methods of <see cref="EraseRequest"/>; no other move exists.</summary>
public enum RequestStatus
{
    /// <summary>Being written; only its requester works on it. Exits: <see cref="Submitted"/>, <see cref="Cancelled"/>.</summary>
    Draft = 0,

    /// <summary>Complete and visible to everyone, no run yet. Exits: <see cref="Queued"/>, <see cref="Cancelled"/>.</summary>
    Submitted = 1,

    /// <summary>A run exists and waits for a worker. Exits: <see cref="Running"/>, <see cref="Failed"/>, <see cref="Cancelled"/>.</summary>
    Queued = 2,

    /// <summary>A worker attributes, ablates and measures. Exits: <see cref="AwaitingDecision"/>, <see cref="Failed"/>, <see cref="Cancelled"/>.</summary>
    Running = 3,

    /// <summary>Evidence is complete; approvers look at it. Exits: <see cref="Approved"/>, <see cref="Rejected"/>, <see cref="ChangesRequested"/>, <see cref="Cancelled"/>.</summary>
    AwaitingDecision = 4,

    /// <summary>The quorum of approvers signed the current evidence. Exit: <see cref="Released"/>.</summary>
    Approved = 5,

    /// <summary>The patch is published. Exits: <see cref="Superseded"/>, <see cref="Revoked"/>.</summary>
    Released = 6,

    /// <summary>A later release for the same model and concept took its place. Exit: <see cref="Revoked"/>.</summary>
    Superseded = 7,

    /// <summary>The release was withdrawn with a reason and aliases moved back. No exit.</summary>
    Revoked = 8,

    /// <summary>The last run ended with an error. Exits: <see cref="Queued"/> (retry), <see cref="Cancelled"/>.</summary>
    Failed = 9,

    /// <summary>Withdrawn before a decision. Finished stages stay stored. No exit.</summary>
    Cancelled = 10,

    /// <summary>An approver refused it with a reason code. No exit.</summary>
    Rejected = 11,

    /// <summary>Back with the requester, who may revise it and start a new run. Exits: <see cref="Queued"/>, <see cref="Cancelled"/>.</summary>
    ChangesRequested = 12,
}

public static class RequestStatuses
{
    /// <summary>Statuses in which a request still claims its model and concept, so that a second one is a duplicate. Drafts do not claim anything.</summary>
    public static readonly IReadOnlyList<RequestStatus> Open =
    [
        RequestStatus.Submitted, RequestStatus.Queued, RequestStatus.Running, RequestStatus.AwaitingDecision,
        RequestStatus.Approved, RequestStatus.Failed, RequestStatus.ChangesRequested,
    ];

    /// <summary>True when no move leaves <paramref name="status"/>.</summary>
    public static bool IsFinal(this RequestStatus status) =>
        status is RequestStatus.Revoked or RequestStatus.Cancelled or RequestStatus.Rejected;

    /// <summary>The status as a person reads it, for example "awaiting decision".</summary>
    public static string Describe(this RequestStatus status) => status switch
    {
        RequestStatus.AwaitingDecision => "awaiting decision",
        RequestStatus.ChangesRequested => "changes requested",
        _ => status.ToString().ToLowerInvariant(),
    };
}

/// <summary>The order in which queued runs are taken: higher first, then older first.</summary>
public enum RequestPriority
{
    Low = 0,
    Normal = 1,
    High = 2,
}
