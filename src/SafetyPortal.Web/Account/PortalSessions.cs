using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Claims;

namespace SafetyPortal.Web.Account;

/// <summary>
/// Sessions of people. The cookie names its session and when that ends. A session ends at that time or when the person signs out, for every copy of its
/// cookie and every open page.
/// </summary>
public sealed class PortalSessions(TimeProvider clock)
{
    /// <summary>How long a session lasts after the person typed the password.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromHours(10);

    internal const string IdClaim = "safetyportal:session";
    internal const string EndClaim = "safetyportal:session-ends";

    private readonly ConcurrentDictionary<string, DateTimeOffset> ended = new(StringComparer.Ordinal);

    /// <summary>Raised with the id of a session that ended, for its open pages.</summary>
    public event Action<string>? Ended;

    /// <summary>Returns the claims of a session that begins, or continues after the person typed the password again.</summary>
    /// <param name="id">The session to continue; null begins a new one.</param>
    public IReadOnlyList<Claim> Claims(string? id) =>
    [
        new(IdClaim, id ?? Guid.NewGuid().ToString("N")),
        new(EndClaim, (clock.GetUtcNow() + Length).ToString("O", CultureInfo.InvariantCulture)),
    ];

    public static string? IdOf(ClaimsPrincipal? user) => user?.FindFirstValue(IdClaim);

    /// <summary>Returns true if the principal's session has ended, or the principal names none.</summary>
    public bool IsOver(ClaimsPrincipal user) =>
        IdOf(user) is not { } id || ended.ContainsKey(id) || EndOf(user) is not { } end || end <= clock.GetUtcNow();

    /// <summary>Ends the principal's session for every request from now on.</summary>
    public void End(ClaimsPrincipal user)
    {
        if (IdOf(user) is not { } id)
            return;
        var now = clock.GetUtcNow();
        // A session past its time is over without this list.
        foreach (var old in ended.Where(item => item.Value <= now))
            ended.TryRemove(old);
        ended[id] = EndOf(user) ?? now + Length;
    }

    /// <summary>Raises <see cref="Ended"/> for the principal's session.</summary>
    public void Announce(ClaimsPrincipal user)
    {
        if (IdOf(user) is { } id)
            Ended?.Invoke(id);
    }

    private static DateTimeOffset? EndOf(ClaimsPrincipal user) =>
        DateTimeOffset.TryParse(user.FindFirstValue(EndClaim), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var end) ? end : null;
}
