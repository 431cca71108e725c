using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Security;

/// <summary>
/// What an account may do, by action. An endpoint without a policy needs a signed-in account. Pages and files of one request ask
/// <see cref="SafetyPortal.Web.Requests.RequestAccess"/> as well.
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

    /// <summary>Returns the roles of a principal in the order of <see cref="Roles.All"/>.</summary>
    public static IEnumerable<string> RoleNames(this ClaimsPrincipal user) => Roles.All.Where(user.IsInRole);
}
