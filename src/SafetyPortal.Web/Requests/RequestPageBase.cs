using System.Security.Claims;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Web.Shell;

namespace SafetyPortal.Web.Requests;

/// <summary>Pages about one request: reads it with its newest run and its events, once a second while something may move.</summary>
public abstract class RequestPageBase : PollingPage
{
    [Inject]
    protected AuditQueries EventQueries { get; set; } = default!;

    [Parameter]
    public long Id { get; set; }

    protected EraseRequest? Request { get; private set; }

    protected IReadOnlyList<AuditEvent> Events { get; private set; } = [];

    /// <summary>True when the request does not exist or is not the person's to see; the two look the same on purpose.</summary>
    protected bool Missing { get; private set; }

    /// <summary>Whether the person looking is the requester.</summary>
    protected bool Mine { get; private set; }

    protected ClaimsPrincipal User { get; private set; } = new();

    protected override bool Moving => Request?.Status is RequestStatus.Queued or RequestStatus.Running;

    protected override async Task LoadAsync()
    {
        User = await UserAsync();
        await using var db = await Databases.CreateDbContextAsync(Gone);
        var request = await db.EraseRequests.AsNoTracking().AsSplitQuery()
            .Include(r => r.ModelVersion).Include(r => r.CurrentRun!.StageResults)
            .SingleOrDefaultAsync(r => r.Id == Id, Gone);
        Missing = request is null || !RequestAccess.MaySee(User, request);
        Request = Missing ? null : request;
        if (Request is null)
            return;

        Mine = string.Equals(User.FindFirstValue(ClaimTypes.NameIdentifier), Request.RequesterId, StringComparison.Ordinal);
        Events = await EventQueries.TimelineAsync(Id, 200, Gone);
    }
}
