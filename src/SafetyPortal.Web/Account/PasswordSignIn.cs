using Microsoft.AspNetCore.Identity;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Web.Security;

namespace SafetyPortal.Web.Account;

/// <summary>Checks a password and writes the cookie, with the moment of the check in it (see <see cref="FreshSignIn"/>).</summary>
public sealed class PasswordSignIn(SignInManager<PortalUser> signIn, UserManager<PortalUser> users, TimeProvider clock)
{
    // One text for an unknown name and a wrong password: the page does not tell which accounts exist.
    private const string Refusal = "Account name and password do not match.";

    /// <returns>Null when signed in, otherwise what to tell the person.</returns>
    public async Task<string?> SignInAsync(string name, string password)
    {
        if (await users.FindByNameAsync(name) is not { } user)
            return Refusal;

        var result = await signIn.CheckPasswordSignInAsync(user, password, lockoutOnFailure: true);
        if (result.IsLockedOut)
            return "Too many wrong passwords. This account is locked for a few minutes.";
        if (!result.Succeeded)
            return Refusal;

        await signIn.SignInWithClaimsAsync(user, isPersistent: false, [FreshSignIn.Claim(clock.GetUtcNow())]);
        return null;
    }
}
