using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Accounts;

/// <summary>One demo account as the set-up command prints it.</summary>
public sealed record DemoAccount(string Email, string DisplayName, string Role, string Password);

/// <summary>Accounts to try the portal with. Their passwords are random per data folder; one file holds them, which only its owner can read.</summary>
public sealed class DemoAccounts(IDbContextFactory<PortalDb> databases, DataFolder folder)
{
    // A name that no mail server can have (RFC 6762 keeps .local for links).
    private const string Domain = "@demo.local";

    private static readonly (string Name, string DisplayName, string Role)[] Wanted =
    [
        ("reviewer", "Rita Reviewer", Roles.Reviewer),
        ("approver", "Ahmed Approver", Roles.Approver),
        ("auditor", "Aiko Auditor", Roles.Auditor),
        ("administrator", "Adam Administrator", Roles.Administrator),
        // Nudity needs two approvers, neither of them the requester.
        ("approver2", "Beate Approver", Roles.Approver),
    ];

    /// <summary>Returns whether the name is in the domain of the demo accounts.</summary>
    public static bool IsDemo(string? name) => name?.Trim().EndsWith(Domain, StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>Makes the accounts that are missing and returns all. Passwords stay as they are.</summary>
    public async Task<IReadOnlyList<DemoAccount>> EnsureAsync(CancellationToken cancellationToken)
    {
        var accounts = await ReadAsync(cancellationToken) ?? [.. Wanted.Select(w => new DemoAccount(w.Name + Domain, w.DisplayName, w.Role, NewPassword()))];
        // The file comes first: an account whose password the file lacks is of no use.
        DataFolder.WriteSecret(folder.DemoAccounts, JsonSerializer.Serialize(accounts, FileOptions));
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, _) = write;
        foreach (var account in accounts)
        {
            var key = account.Email.ToUpperInvariant();
            if (!await db.Users.AnyAsync(u => u.NormalizedUserName == key, cancellationToken))
                await AddAsync(db, account, key, cancellationToken);
        }
        await write.CommitAsync(cancellationToken);
        return accounts;
    }

    /// <summary>Returns the actor of an account, signed in now; for the command line, which has no session.</summary>
    /// <exception cref="NotFoundException">There is no such account.</exception>
    public async Task<Actor> ActorAsync(string email, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var key = email.ToUpperInvariant();
        var user = await db.Users.AsNoTracking().SingleOrDefaultAsync(u => u.NormalizedUserName == key, cancellationToken)
            ?? throw new NotFoundException($"There is no account {email}.");
        return new Actor(user.Id, user.UserName!, db.Now);
    }

    private static readonly JsonSerializerOptions FileOptions = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private async Task<List<DemoAccount>?> ReadAsync(CancellationToken cancellationToken) => File.Exists(folder.DemoAccounts)
        ? JsonSerializer.Deserialize<List<DemoAccount>>(await File.ReadAllTextAsync(folder.DemoAccounts, cancellationToken), FileOptions)
        : null;

    private static async Task AddAsync(PortalDb db, DemoAccount account, string key, CancellationToken cancellationToken)
    {
        var user = new PortalUser
        {
            UserName = account.Email,
            NormalizedUserName = key,
            Email = account.Email,
            NormalizedEmail = key,
            EmailConfirmed = true,
            DisplayName = account.DisplayName,
            SecurityStamp = Guid.NewGuid().ToString("N"),
            LockoutEnabled = true,
        };
        user.PasswordHash = new PasswordHasher<PortalUser>().HashPassword(user, account.Password);
        var roleKey = account.Role.ToUpperInvariant();
        var role = await db.Roles.SingleAsync(r => r.NormalizedName == roleKey, cancellationToken);
        db.Users.Add(user);
        db.UserRoles.Add(new IdentityUserRole<string> { UserId = user.Id, RoleId = role.Id });
        db.Record(Actor.System("setup"), "account.created", $"account/{user.Id}", new { name = account.Email, role = account.Role });
    }

    // Letters and digits that a reader does not confuse.
    private static string NewPassword() => RandomNumberGenerator.GetString("abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789", 16) + "-aA7";
}
