using System.Security.Claims;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Requests;

/// <summary>Who may see a request, its runs and their images: the requester and, once it is submitted, everyone with a role.</summary>
internal static class RequestAccess
{
    public static bool MaySee(ClaimsPrincipal user, EraseRequest request)
    {
        if (user.Identity?.IsAuthenticated != true)
            return false;
        return string.Equals(user.FindFirstValue(ClaimTypes.NameIdentifier), request.RequesterId, StringComparison.Ordinal)
            || (request.Status != RequestStatus.Draft && Roles.All.Any(user.IsInRole));
    }
}
