using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Accounts;

/// <summary>
/// Makes the account that makes all others. It demands no role, since no account holds one yet; the caller owns the data folder.
/// Demo accounts do not count as administrators.
/// </summary>
public sealed class CreateFirstAdministrator(IDbContextFactory<PortalDb> databases, IServiceProvider services)
{
    /// <summary>Returns the new administrator.</summary>
    /// <param name="email">The name at sign-in; 3 to 254 characters with an @.</param>
    /// <param name="displayName">The name that others see, 1 to 80 characters.</param>
    /// <param name="password">At least <see cref="PasswordRules.MinLength"/> characters.</param>
    /// <exception cref="IllegalMoveException">There is an administrator already.</exception>
    /// <exception cref="InvalidRequestException">A part is malformed, the name is taken, or the password is too weak.</exception>
    public async Task<Actor> ExecuteAsync(string email, string displayName, string password, CancellationToken cancellationToken)
    {
        var user = Account(email, displayName);
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, _) = write;
        if (await AdministratorAsync(db, cancellationToken) is { } administrator)
            throw new IllegalMoveException($"There is an administrator already, {administrator}; they make further accounts in the portal.");
        using var store = new UserStore<PortalUser, IdentityRole, PortalDb>(db);
        using var users = Manager(store);
        db.Record(Actor.System("setup"), "account.created", $"account/{user.Id}", new { name = user.UserName, role = Roles.Administrator });
        Demand("Password", await users.CreateAsync(user, password));
        Demand("Email", await users.AddToRoleAsync(user, Roles.Administrator));
        await write.CommitAsync(cancellationToken);
        return new Actor(user.Id, user.UserName!);
    }

    private static PortalUser Account(string email, string displayName)
    {
        var name = email.Trim();
        if (name.Length is < 3 or > 254 || !name.Contains('@', StringComparison.Ordinal))
            throw new InvalidRequestException([new("Email", $"Expected an e-mail address of 3 to 254 characters, got \"{name}\".")]);
        if (DemoAccounts.IsDemo(name))
            throw new InvalidRequestException([new("Email", $"Expected an address of your own, got \"{name}\": that domain is kept for demo accounts.")]);
        if (!WrittenText.IsLine(displayName, 1, 80))
            throw new InvalidRequestException([new("DisplayName", "Give a name of 1 to 80 characters, none of them invisible.")]);
        return new PortalUser { UserName = name, Email = name, EmailConfirmed = true, DisplayName = displayName.Trim() };
    }

    private static async Task<string?> AdministratorAsync(PortalDb db, CancellationToken cancellationToken)
    {
        var names = await (from link in db.UserRoles
                           join role in db.Roles on link.RoleId equals role.Id
                           join user in db.Users on link.UserId equals user.Id
                           where role.Name == Roles.Administrator
                           orderby user.UserName
                           select user.UserName!).ToListAsync(cancellationToken);
        return names.Find(name => !DemoAccounts.IsDemo(name));
    }

    private UserManager<PortalUser> Manager(UserStore<PortalUser, IdentityRole, PortalDb> store)
    {
        var options = new IdentityOptions();
        PasswordRules.Apply(options.Password);
        return new UserManager<PortalUser>(
            store, Options.Create(options), new PasswordHasher<PortalUser>(), [new UserValidator<PortalUser>()], [new PasswordValidator<PortalUser>()],
            new UpperInvariantLookupNormalizer(), new IdentityErrorDescriber(), services, NullLogger<UserManager<PortalUser>>.Instance);
    }

    private static void Demand(string field, IdentityResult result)
    {
        if (!result.Succeeded)
            throw new InvalidRequestException([.. result.Errors.Select(error => new RequestProblem(field, error.Description))]);
    }
}
