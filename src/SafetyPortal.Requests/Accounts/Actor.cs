using System.Globalization;
using System.Security.Claims;

namespace SafetyPortal.Requests.Accounts;

/// <summary>A signed-in person, or a part of the system whose id starts with "system:".</summary>
/// <param name="Name">The name in the history.</param>
/// <param name="SignedInAt">When the person last proved who they are in this session; null when unknown, which denies decisions.</param>
public sealed record Actor(string Id, string Name, DateTimeOffset? SignedInAt = null)
{
    /// <summary>Claim that carries <see cref="SignedInAt"/> in the format "O"; the portal writes it at each proof.</summary>
    public const string SignedInAtClaim = "safetyportal:signed-in-at";

    /// <summary>Returns the actor of a part of the system, such as "worker" or "setup". It holds no role.</summary>
    public static Actor System(string part) => new("system:" + part, part);

    /// <summary>Returns the person of a signed-in principal.</summary>
    /// <exception cref="NotAllowedException">The principal is not signed in.</exception>
    public static Actor From(ClaimsPrincipal principal)
    {
        var id = principal.FindFirstValue(ClaimTypes.NameIdentifier);
        if (principal.Identity?.IsAuthenticated != true || string.IsNullOrEmpty(id))
            throw new NotAllowedException("Sign in first.");
        var isKnown = DateTimeOffset.TryParseExact(
            principal.FindFirstValue(SignedInAtClaim), "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var signedIn);
        return new Actor(id, principal.Identity.Name ?? id, isKnown ? signedIn : null);
    }
}

/// <summary>The actor may not do this. The message is for the user.</summary>
public sealed class NotAllowedException(string message) : UnauthorizedAccessException(message);
