using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Accounts;

/// <summary>The four roles. A role is a duty, not a rank: an administrator who should approve needs <see cref="Approver"/> as well.</summary>
public static class Roles
{
    /// <summary>Files requests and starts runs.</summary>
    public const string Reviewer = "Reviewer";

    /// <summary>Decides on evidence and releases patches.</summary>
    public const string Approver = "Approver";

    /// <summary>Reads, verifies and exports the history.</summary>
    public const string Auditor = "Auditor";

    /// <summary>Manages accounts, models and policies; no shortcut around the approval rule.</summary>
    public const string Administrator = "Administrator";

    public static readonly IReadOnlyList<string> All = [Reviewer, Approver, Auditor, Administrator];
}

/// <summary>Roles as the database holds them now: a role that was taken away counts no longer, whatever the session's cookie says.</summary>
public static class RoleCheck
{
    /// <summary>Returns the roles of a user; none for an unknown or locked-out one.</summary>
    public static async Task<IReadOnlyList<string>> RolesOfAsync(this PortalDb db, string userId, CancellationToken cancellationToken)
    {
        var user = await db.Users.AsNoTracking().SingleOrDefaultAsync(u => u.Id == userId, cancellationToken);
        if (user is null || user.LockoutEnd > db.Now)
            return [];
        return await (from link in db.UserRoles
                      join role in db.Roles on link.RoleId equals role.Id
                      where link.UserId == userId
                      select role.Name!).ToListAsync(cancellationToken);
    }

    /// <exception cref="NotAllowedException">The actor holds none of the roles.</exception>
    public static async Task DemandRoleAsync(this PortalDb db, Actor actor, CancellationToken cancellationToken, params string[] anyOf)
    {
        var held = await db.RolesOfAsync(actor.Id, cancellationToken);
        if (!held.Intersect(anyOf, StringComparer.Ordinal).Any())
        {
            throw new NotAllowedException(
                $"This needs the role {string.Join(" or ", anyOf)}; {actor.Name} holds {(held.Count == 0 ? "none" : string.Join(", ", held))}.");
        }
    }
}
