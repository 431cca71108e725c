using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Security;

/// <summary>
/// Actions an account may do, named by the action rather than the role. Endpoints without a policy need a signed-in account, because that is the
/// fallback; pages and files of one request ask <see cref="SafetyPortal.Web.Requests.RequestAccess"/> as well.
/// </summary>
public static class Policies
{
    public const string FileRequests = "file-requests";
    public const string Decide = "decide";
    public const string ReadHistory = "read-history";
    public const string ExportEvidence = "export-evidence";
    public const string SeeComponents = "see-components";
    public const string SeeModels = "see-models";
    public const string Administer = "administer";

    public static IServiceCollection AddPortalPolicies(this IServiceCollection services)
    {
        services.AddAuthorizationBuilder()
            .AddPolicy(FileRequests, policy => policy.RequireRole(Roles.Reviewer))
            .AddPolicy(Decide, policy => policy.RequireRole(Roles.Approver))
            .AddPolicy(ReadHistory, policy => policy.RequireRole(Roles.Auditor, Roles.Administrator))
            .AddPolicy(ExportEvidence, policy => policy.RequireRole(Roles.Approver, Roles.Auditor))
            .AddPolicy(SeeComponents, policy => policy.RequireRole(Roles.Approver, Roles.Administrator))
            .AddPolicy(SeeModels, policy => policy.RequireRole(Roles.All))
            .AddPolicy(Administer, policy => policy.RequireRole(Roles.Administrator))
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        return services;
    }

    /// <summary>The roles a principal carries, in the order of <see cref="Roles.All"/>.</summary>
    public static IEnumerable<string> RoleNames(this ClaimsPrincipal user) => Roles.All.Where(user.IsInRole);
}
