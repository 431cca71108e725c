using SafetyPortal.Requests.Approval;

namespace SafetyPortal.Web.Decisions;

/// <summary>A claim in a few words, for lists.</summary>
internal static class ClaimText
{
    public static string Of(ReviewClaim? claim, string me, DateTimeOffset now)
    {
        if (claim is null || !claim.IsActive(now))
            return "";
        var holder = string.Equals(claim.HolderId, me, StringComparison.Ordinal) ? "you" : claim.HolderName;
        return claim.HoldReason is { } reason ? $"on hold by {holder}: {reason}" : $"reviewed by {holder} until {claim.ExpiresAt.UtcDateTime:HH:mm} UTC";
    }
}
