using System.Globalization;
using System.Security.Claims;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;

namespace SafetyPortal.Web.Security;

/// <summary>
/// When the person last typed the password, as a claim in the cookie. A decision needs this to be minutes ago, not days: an unlocked
/// screen is not an approver. <see cref="ApprovalRule"/> judges it; here it only decides whether to ask for the password first.
/// </summary>
public static class FreshSignIn
{
    public static Claim Claim(DateTimeOffset now) => new(Actor.SignedInAtClaim, now.ToString("O", CultureInfo.InvariantCulture));

    /// <summary>Until when a decision counts; null when the password must be typed first.</summary>
    public static DateTimeOffset? FreshUntil(this Actor actor, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(actor);
        return actor.SignedInAt is { } at && at <= now && at + ApprovalRule.FreshSignIn > now ? at + ApprovalRule.FreshSignIn : null;
    }
}
