using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Approval;

/// <summary>
/// One approver works on a request, so that two do not do it twice. It lapses by itself. Taking, handing over, holding and giving back
/// are events of the history; the silent renewals of a page that is open are not.
/// </summary>
public sealed class ReviewClaim : IVersioned
{
    /// <summary>How long a claim lasts without a renewal.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromMinutes(10);

    /// <summary>How long a request may be on hold.</summary>
    public static readonly TimeSpan HoldDuration = TimeSpan.FromHours(24);

    public long RequestId { get; init; }

    public string HolderId { get; private set; } = "";

    public string HolderName { get; private set; } = "";

    public DateTimeOffset Since { get; private set; }

    public DateTimeOffset ExpiresAt { get; private set; }

    /// <summary>Why it is on hold; null when it is being worked on.</summary>
    public string? HoldReason { get; private set; }

    public long Version { get; set; }

    public bool IsActive(DateTimeOffset now) => ExpiresAt > now;

    /// <summary>True while another approver works on it; a request on hold may be taken over.</summary>
    public bool KeepsOut(string personId, DateTimeOffset now) =>
        IsActive(now) && HoldReason is null && !string.Equals(HolderId, personId, StringComparison.Ordinal);

    internal void Give(string holderId, string holderName, DateTimeOffset now)
    {
        (HolderId, HolderName, HoldReason, Since) = (holderId, holderName, null, now);
        ExpiresAt = now + Duration;
    }

    internal void Renew(DateTimeOffset now) => ExpiresAt = now + Duration;

    internal void Hold(string reason, DateTimeOffset now)
    {
        HoldReason = reason;
        ExpiresAt = now + HoldDuration;
    }
}
