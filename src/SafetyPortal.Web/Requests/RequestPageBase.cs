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

    /// <summary>The request with what was decided about it; null before it is loaded, and when it is <see cref="Missing"/>.</summary>
    protected RequestDetails? Details { get; private set; }

    internal EraseRequest? Request => Details?.Request;

    /// <summary>True when the request does not exist or is not the person's to see; the two look the same on purpose.</summary>
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
