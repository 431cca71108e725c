using Microsoft.AspNetCore.Identity;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Web.Account;

/// <summary>Writes a new password, together with its event. The security stamp changes with it, which ends the account's sessions.</summary>
public sealed class PasswordChange(UserManager<PortalUser> users, PortalDb db)
{
    /// <returns>Null when it is changed, otherwise why the new password does not do.</returns>
    public async Task<string?> ExecuteAsync(PortalUser user, string present, string wanted)
    {
        ArgumentNullException.ThrowIfNull(user);
        await using var write = await db.BeginWriteAsync(CancellationToken.None);
        db.Record(new Actor(user.Id, user.UserName!), "account.password-changed", $"account/{user.Id}", null);
        var result = await users.ChangePasswordAsync(user, present, wanted);
        if (!result.Succeeded)
            return string.Join(" ", result.Errors.Select(error => error.Description));
        foreach (var claim in (await users.GetClaimsAsync(user)).Where(claim => string.Equals(claim.Type, FirstPassword.Claim, StringComparison.Ordinal)))
            await users.RemoveClaimAsync(user, claim);
        await write.CommitAsync(CancellationToken.None);
        return null;
    }
}
