using System.Globalization;
using System.Security.Claims;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;

namespace SafetyPortal.Web.Security;

/// <summary>
/// When the person last typed the password, as a claim of the cookie. <see cref="ApprovalRule"/> judges it; the pages ask for the password when it is too
/// long ago.
/// </summary>
public static class FreshSignIn
{
    public static Claim Claim(DateTimeOffset now) => new(Actor.SignedInAtClaim, now.ToString("O", CultureInfo.InvariantCulture));

    /// <summary>Returns until when a decision counts; null if the person must type the password first.</summary>
    public static DateTimeOffset? FreshUntil(this Actor actor, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(actor);
        return actor.SignedInAt is { } at && at <= now && at + ApprovalRule.FreshSignIn > now ? at + ApprovalRule.FreshSignIn : null;
    }
}
