using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Account;

/// <summary>
/// Signs an open page out when its session ended or its account changed. The cookie is checked only when a page loads, and a page can stay open for hours.
/// </summary>
internal sealed class RevalidatingAuthenticationState : RevalidatingServerAuthenticationStateProvider
{
    private readonly IServiceScopeFactory scopes;
    private readonly IOptions<IdentityOptions> options;
    private readonly PortalSessions sessions;
    private Task<AuthenticationState>? current;

    public RevalidatingAuthenticationState(ILoggerFactory loggers, IServiceScopeFactory scopes, IOptions<IdentityOptions> options, PortalSessions sessions)
        : base(loggers)
    {
        (this.scopes, this.options, this.sessions) = (scopes, options, sessions);
        AuthenticationStateChanged += state => current = state;
        sessions.Ended += Leave;
    }

    protected override TimeSpan RevalidationInterval => TimeSpan.FromMinutes(1);

    protected override async Task<bool> ValidateAuthenticationStateAsync(AuthenticationState authenticationState, CancellationToken cancellationToken)
    {
        if (sessions.IsOver(authenticationState.User))
            return false;
        await using var scope = scopes.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<PortalUser>>();
        if (await users.GetUserAsync(authenticationState.User) is not { } user)
            return false;
        var stamp = authenticationState.User.FindFirstValue(options.Value.ClaimsIdentity.SecurityStampClaimType);
        return string.Equals(stamp, await users.GetSecurityStampAsync(user), StringComparison.Ordinal);
    }

    // The task is complete once the page has rendered; before that there is nothing to end.
    private void Leave(string session)
    {
#pragma warning disable RS0030 // The task is complete here.
        if (current is { IsCompletedSuccessfully: true } state && string.Equals(PortalSessions.IdOf(state.Result.User), session, StringComparison.Ordinal))
#pragma warning restore RS0030
            SetAuthenticationState(Task.FromResult(new AuthenticationState(new ClaimsPrincipal(new ClaimsIdentity()))));
    }

    protected override void Dispose(bool disposing)
    {
        sessions.Ended -= Leave;
        base.Dispose(disposing);
    }
}
