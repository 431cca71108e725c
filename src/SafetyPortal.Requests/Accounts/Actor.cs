using System.Globalization;
using System.Security.Claims;

namespace SafetyPortal.Requests.Accounts;

/// <summary>Who does something: a signed-in person, or a part of the system whose id starts with "system:".</summary>
/// <param name="Id">The user's id.</param>
/// <param name="Name">The name written into the history.</param>
/// <param name="SignedInAt">When the person last typed their password in this session; null when unknown, which denies decisions.</param>
public sealed record Actor(string Id, string Name, DateTimeOffset? SignedInAt = null)
{
    /// <summary>Claim that carries <see cref="SignedInAt"/> as an ISO 8601 time; written at sign-in and at each re-authentication.</summary>
    public const string SignedInAtClaim = "safetyportal:signed-in-at";

    /// <summary>A part of the system, such as "worker" or "setup". It holds no role.</summary>
    public static Actor System(string part) => new("system:" + part, part);

    /// <summary>The actor behind a signed-in principal.</summary>
    /// <exception cref="NotAllowedException">The principal is not signed in.</exception>
    public static Actor From(ClaimsPrincipal principal)
    {
        ArgumentNullException.ThrowIfNull(principal);
        var id = principal.FindFirstValue(ClaimTypes.NameIdentifier);
        if (principal.Identity?.IsAuthenticated != true || string.IsNullOrEmpty(id))
            throw new NotAllowedException("Sign in first.");
        DateTimeOffset? signedIn = DateTimeOffset.TryParse(
            principal.FindFirstValue(SignedInAtClaim), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var time) ? time : null;
        return new Actor(id, principal.Identity.Name ?? id, signedIn);
    }
}

/// <summary>The actor may not do this. The message is meant for the user.</summary>
public sealed class NotAllowedException(string message) : UnauthorizedAccessException(message);
