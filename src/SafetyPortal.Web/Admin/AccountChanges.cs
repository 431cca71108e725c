using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Web.Account;

namespace SafetyPortal.Web.Admin;

/// <summary>An account as the list shows it.</summary>
public sealed record AccountRow(string Id, string Name, string DisplayName, IReadOnlyList<string> Roles, DateTimeOffset? LockedUntil);

/// <summary>
/// What administrators do to accounts. Each change is saved together with its event, and ends the account's open sessions, so that it takes effect at once.
/// </summary>
public sealed class AccountChanges(IServiceScopeFactory scopes, TimeProvider time)
{
    public async Task<IReadOnlyList<AccountRow>> ListAsync(Actor actor, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var (db, _) = await OpenAsync(scope, actor, cancellationToken);
        var roles = await (from link in db.UserRoles join role in db.Roles on link.RoleId equals role.Id select new { link.UserId, role.Name })
            .ToListAsync(cancellationToken);
        var held = roles.ToLookup(r => r.UserId, r => r.Name!, StringComparer.Ordinal);
        var users = await db.Users.AsNoTracking().OrderBy(u => u.UserName).ToListAsync(cancellationToken);
        return
        [
            .. users.Select(u => new AccountRow(
                u.Id, u.UserName!, u.DisplayName, [.. Roles.All.Intersect(held[u.Id], StringComparer.Ordinal)],
                u.LockoutEnd > time.GetUtcNow() ? u.LockoutEnd : null)),
        ];
    }

    /// <summary>Makes an account and returns its first password. The portal does not store it, and its owner must change it at the first sign-in.</summary>
    /// <exception cref="InvalidRequestException">The name is malformed or taken, or a role does not exist.</exception>
    public async Task<string> CreateAsync(Actor actor, string email, string displayName, IReadOnlyCollection<string> roles, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(roles);
        await using var scope = scopes.CreateAsyncScope();
        var (db, users) = await OpenAsync(scope, actor, cancellationToken);
        if (email.Trim() is not { Length: >= 3 and <= 254 } name || !name.Contains('@', StringComparison.Ordinal))
            throw new InvalidRequestException([new("Email", $"Expected an e-mail address of up to 254 characters, got \"{email}\".")]);
        if (!WrittenText.IsLine(displayName, 1, 80))
            throw new InvalidRequestException([new("DisplayName", "Give a name of 1 to 80 characters, none of them invisible.")]);
        if (roles.Except(Roles.All, StringComparer.Ordinal).FirstOrDefault() is { } unknown)
            throw new InvalidRequestException([new("Roles", $"Expected roles among {string.Join(", ", Roles.All)}, got \"{unknown}\".")]);
        var password = RandomNumberGenerator.GetString("abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789", 20) + "-aA7";
        var user = new PortalUser { UserName = name, Email = name, EmailConfirmed = true, DisplayName = displayName.Trim() };
        await using var write = await db.BeginWriteAsync(cancellationToken);
        db.Record(actor, "account.created", $"account/{user.Id}", new { name, roles });
        Demand(await users.CreateAsync(user, password));
        Demand(await users.AddToRolesAsync(user, roles));
        Demand(await users.AddClaimAsync(user, new Claim(FirstPassword.Claim, "true")));
        await write.CommitAsync(cancellationToken);
        return password;
    }

    public Task SetRoleAsync(Actor actor, string userId, string role, bool held, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        if (!held && string.Equals(role, Roles.Administrator, StringComparison.Ordinal) && string.Equals(userId, actor.Id, StringComparison.Ordinal))
            throw new NotAllowedException("You cannot take the Administrator role from yourself; another administrator has to.");
        return ChangeAsync(
            actor, userId, held ? "account.role-granted" : "account.role-withdrawn", user => new { name = user.UserName, role },
            async (users, user) => Demand(held ? await users.AddToRoleAsync(user, role) : await users.RemoveFromRoleAsync(user, role)), cancellationToken);
    }

    /// <summary>Locks an account until an administrator unlocks it, or unlocks it.</summary>
    public Task SetLockedAsync(Actor actor, string userId, bool locked, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        if (locked && string.Equals(userId, actor.Id, StringComparison.Ordinal))
            throw new NotAllowedException("You cannot lock your own account.");
        return ChangeAsync(
            actor, userId, locked ? "account.locked" : "account.unlocked", user => new { name = user.UserName },
            async (users, user) =>
            {
                Demand(await users.SetLockoutEndDateAsync(user, locked ? time.GetUtcNow().AddYears(100) : null));
                if (!locked)
                    Demand(await users.ResetAccessFailedCountAsync(user));
            },
            cancellationToken);
    }

    private async Task ChangeAsync(
        Actor actor, string userId, string action, Func<PortalUser, object> payload, Func<UserManager<PortalUser>, PortalUser, Task> change,
        CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var (db, users) = await OpenAsync(scope, actor, cancellationToken);
        var user = await users.FindByIdAsync(userId) ?? throw new NotFoundException("There is no such account.");
        await using var write = await db.BeginWriteAsync(cancellationToken);
        db.Record(actor, action, $"account/{userId}", payload(user));
        await change(users, user);
        Demand(await users.UpdateSecurityStampAsync(user));
        await write.CommitAsync(cancellationToken);
    }

    private static async Task<(PortalDb Db, UserManager<PortalUser> Users)> OpenAsync(AsyncServiceScope scope, Actor actor, CancellationToken cancellationToken)
    {
        var db = scope.ServiceProvider.GetRequiredService<PortalDb>();
        await db.DemandRoleAsync(actor, cancellationToken, Roles.Administrator);
        return (db, scope.ServiceProvider.GetRequiredService<UserManager<PortalUser>>());
    }

    private static void Demand(IdentityResult result)
    {
        if (!result.Succeeded)
            throw new InvalidRequestException([.. result.Errors.Select(error => new RequestProblem("Account", error.Description))]);
    }
}
