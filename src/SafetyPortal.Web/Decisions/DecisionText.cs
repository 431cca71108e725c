using SafetyPortal.Requests.Approval;

namespace SafetyPortal.Web.Decisions;

/// <summary>Claims, decisions and their reasons in words.</summary>
internal static class DecisionText
{
    /// <summary>Returns a claim in a few words, for lists; empty if it has ended.</summary>
    public static string Of(ReviewClaim claim, string me, DateTimeOffset now)
    {
        if (!claim.IsActive(now))
            return "";
        var holder = string.Equals(claim.HolderId, me, StringComparison.Ordinal) ? "you" : claim.HolderName;
        return claim.HoldReason is { } reason ? $"on hold by {holder}: {reason}" : $"reviewed by {holder} until {claim.ExpiresAt.UtcDateTime:HH:mm} UTC";
    }

    public static string Of(Decision decision) => decision.Kind switch
    {
        DecisionKind.Approve => "approved",
        DecisionKind.Reject => $"rejected: {Of(decision.Reason)}",
        _ => $"asked for changes: {Of(decision.Reason)}",
    };

    public static string Of(DecisionReason reason) => reason switch
    {
        DecisionReason.None => "no reason given",
        DecisionReason.ConceptStillVisible => "the concept is still visible",
        DecisionReason.OtherConceptsDamaged => "other concepts are damaged",
        DecisionReason.QualityTooLow => "the image quality is too low",
        DecisionReason.EvidenceInsufficient => "the evidence does not suffice",
        DecisionReason.OutOfPolicy => "the policy does not cover it",
        DecisionReason.NotJustified => "the request is not justified",
        _ => "another reason",
    };
}
