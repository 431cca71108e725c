using Microsoft.AspNetCore.Identity;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Web.Hosting;
using SafetyPortal.Web.Security;

namespace SafetyPortal.Web.Account;

/// <summary>Checks and changes passwords. The cookie it writes holds the time of the check (see <see cref="FreshSignIn"/>).</summary>
public sealed class PasswordSignIn(
    SignInManager<PortalUser> signIn, UserManager<PortalUser> users, PortalDb db, PortalSessions sessions, PortalSettings settings, TimeProvider clock)
{
    // One text for an unknown name, a wrong password and a locked account, so that the page does not reveal which accounts exist.
    private const string Refusal = "Account name and password do not match, or the account is locked. Five wrong passwords lock an account for five minutes.";

    /// <returns>Null when the person is signed in, otherwise the reason for the refusal.</returns>
    public async Task<string?> SignInAsync(string name, string password)
    {
        if (await FindAsync(name, password) is not { } user)
            return Refusal;
        await OpenAsync(user);
        return null;
    }

    /// <summary>Changes the password of a person who knows the present one, and records it. Every other session of theirs ends.</summary>
    /// <returns>Null when the password is changed, otherwise the reason for the refusal.</returns>
    public async Task<string?> ChangeAsync(string name, string present, string wanted)
    {
        if (await FindAsync(name, present) is not { } user)
            return Refusal;
        if (string.Equals(present, wanted, StringComparison.Ordinal))
            return "The new password is the present one; choose another.";
        await using (var write = await db.BeginWriteAsync(CancellationToken.None))
        {
            db.Record(new Actor(user.Id, user.UserName!), "account.password-changed", $"account/{user.Id}", null);
            // This changes the security stamp as well, which ends the sessions.
            var result = await users.ChangePasswordAsync(user, present, wanted);
            if (!result.Succeeded)
                return string.Join(" ", result.Errors.Select(error => error.Description));
            foreach (var claim in (await users.GetClaimsAsync(user)).Where(claim => string.Equals(claim.Type, FirstPassword.Claim, StringComparison.Ordinal)))
                await users.RemoveClaimAsync(user, claim);
            await write.CommitAsync(CancellationToken.None);
        }
        await OpenAsync(user);
        return null;
    }

    private async Task<PortalUser?> FindAsync(string name, string password)
    {
        // The passwords of demo accounts are published, so outside demo mode they open nothing.
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
