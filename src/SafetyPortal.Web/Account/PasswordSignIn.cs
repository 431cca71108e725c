using Microsoft.AspNetCore.Identity;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Web.Hosting;
using SafetyPortal.Web.Security;

namespace SafetyPortal.Web.Account;

/// <summary>Checks a password and writes the cookie, with the moment of the check in it (see <see cref="FreshSignIn"/>).</summary>
public sealed class PasswordSignIn(
    SignInManager<PortalUser> signIn, UserManager<PortalUser> users, PortalSessions sessions, PortalSettings settings, TimeProvider clock)
{
    // One text for an unknown name, a wrong password and a locked account: the page does not tell which accounts exist.
    private const string Refusal = "Account name and password do not match, or the account is locked. Five wrong passwords lock an account for five minutes.";

    /// <returns>Null when signed in, otherwise what to tell the person.</returns>
    public async Task<string?> SignInAsync(string name, string password)
    {
        if (await FindAsync(name, password) is not { } user)
            return Refusal;
        await OpenAsync(user);
        return null;
    }

    /// <summary>Changes the password of a person who knows the present one; every other session of theirs ends.</summary>
    /// <returns>Null when it is changed, otherwise what to tell the person.</returns>
    public async Task<string?> ChangeAsync(string name, string present, string wanted, PasswordChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (await FindAsync(name, present) is not { } user)
            return Refusal;
        if (string.Equals(present, wanted, StringComparison.Ordinal))
            return "The new password is the present one; choose another.";
        if (await change.ExecuteAsync(user, present, wanted) is { } refusal)
            return refusal;
        await OpenAsync(user);
        return null;
    }

    private async Task<PortalUser?> FindAsync(string name, string password)
    {
        // Passwords of demo accounts are published where the portal was tried out; they open nothing anywhere else.
        if (await users.FindByNameAsync(name) is not { } user || (!settings.Demo && DemoAccounts.IsDemo(user.UserName)))
            return null;
        return (await signIn.CheckPasswordSignInAsync(user, password, lockoutOnFailure: true)).Succeeded ? user : null;
    }

    private async Task OpenAsync(PortalUser user)
    {
        var before = signIn.Context.User;
        var goesOn = string.Equals(users.GetUserId(before), user.Id, StringComparison.Ordinal);
        if (!goesOn)
        {
            sessions.End(before);
            sessions.Announce(before);
        }
        await signIn.SignInWithClaimsAsync(
            user, isPersistent: false, [FreshSignIn.Claim(clock.GetUtcNow()), .. sessions.Claims(goesOn ? PortalSessions.IdOf(before) : null)]);
    }
}
