using System.Security.Claims;
using Microsoft.AspNetCore.Components;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Web.Shell;

namespace SafetyPortal.Web.Requests;

/// <summary>A page about one request.</summary>
public abstract class RequestPageBase : LivePage
{
    [Inject]
    private RequestQueries Queries { get; set; } = default!;

    [Parameter]
    public long Id { get; set; }

    /// <summary>The request with its decisions; null before the page has loaded, and when the request is <see cref="Missing"/>.</summary>
    protected RequestDetails? Details { get; private set; }

    internal EraseRequest? Request => Details?.Request;

    /// <summary>True if the request does not exist or the person may not see it; the page looks the same in both cases on purpose.</summary>
    internal bool Missing { get; private set; }

    /// <summary>Whether the person looking is the requester.</summary>
    protected bool Mine { get; private set; }

    protected ClaimsPrincipal User { get; private set; } = new();

    protected override bool Shows(IReadOnlySet<long> requests) => requests.Contains(Id);

    protected override async Task LoadAsync()
    {
        User = await UserAsync();
        var me = User.FindFirstValue(ClaimTypes.NameIdentifier) ?? "";
        var details = await Queries.GetAsync(me, Id, Gone);
        Missing = details is null || !RequestAccess.MaySee(User, details.Request);
        Details = Missing ? null : details;
        Mine = string.Equals(me, Request?.RequesterId, StringComparison.Ordinal);
    }
}
