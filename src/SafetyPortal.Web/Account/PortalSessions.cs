using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Claims;

namespace SafetyPortal.Web.Account;

/// <summary>
/// Sessions of people: the cookie says which one it belongs to and when that ends, so that pages which stay open can be asked as well as
/// requests. A session ends with its time or when the person signs out, whatever copies of its cookie exist.
/// </summary>
public sealed class PortalSessions(TimeProvider clock)
{
    /// <summary>How long a sign-in lasts; nothing prolongs it but the password.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromHours(10);

    internal const string IdClaim = "safetyportal:session";
    internal const string EndClaim = "safetyportal:session-ends";

    private readonly ConcurrentDictionary<string, DateTimeOffset> ended = new(StringComparer.Ordinal);

    /// <summary>A session was ended; open pages of it hear its id here.</summary>
    public event Action<string>? Ended;

    /// <summary>Claims of a session that begins, or goes on after its password was typed again.</summary>
    /// <param name="id">The session that goes on; null begins a new one.</param>
    public IReadOnlyList<Claim> Claims(string? id) =>
    [
        new(IdClaim, id ?? Guid.NewGuid().ToString("N")),
        new(EndClaim, (clock.GetUtcNow() + Length).ToString("O", CultureInfo.InvariantCulture)),
    ];

    public static string? IdOf(ClaimsPrincipal? user) => user?.FindFirstValue(IdClaim);

    /// <summary>Whether the principal's session has ended; one that names no session has none.</summary>
    public bool IsOver(ClaimsPrincipal user) =>
        IdOf(user) is not { } id || ended.ContainsKey(id) || EndOf(user) is not { } end || end <= clock.GetUtcNow();

    /// <summary>Ends the principal's session for every request from now on.</summary>
    public void End(ClaimsPrincipal user)
    {
        if (IdOf(user) is not { } id)
            return;
        var now = clock.GetUtcNow();
        // A cookie past its time is refused anyway, so it need not be remembered.
        foreach (var old in ended.Where(item => item.Value <= now))
            ended.TryRemove(old);
        ended[id] = EndOf(user) ?? now + Length;
    }

    /// <summary>Tells the open pages of an ended session.</summary>
    public void Announce(ClaimsPrincipal user)
    {
        if (IdOf(user) is { } id)
            Ended?.Invoke(id);
    }

    private static DateTimeOffset? EndOf(ClaimsPrincipal user) =>
        DateTimeOffset.TryParse(user.FindFirstValue(EndClaim), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var end) ? end : null;
}
