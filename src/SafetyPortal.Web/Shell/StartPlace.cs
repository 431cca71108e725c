using System.Security.Claims;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Shell;

/// <summary>The page of a person's role: the start page leads there, and so do the breadcrumbs of a request.</summary>
internal sealed record StartPlace(string Path, string Title)
{
    /// <summary>Null for an account without a role.</summary>
    public static StartPlace? Of(ClaimsPrincipal user)
    {
        ArgumentNullException.ThrowIfNull(user);
        return user.IsInRole(Roles.Reviewer) ? new("requests", "My requests")
            : user.IsInRole(Roles.Approver) ? new("decisions", "To decide")
            : user.IsInRole(Roles.Auditor) ? new("history", "History")
            : user.IsInRole(Roles.Administrator) ? new("admin/accounts", "Accounts")
            : null;
    }
}
