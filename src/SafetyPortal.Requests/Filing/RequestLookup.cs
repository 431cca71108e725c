using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Filing;

internal static class RequestLookup
{
    /// <summary>The request with its current run, tracked for change.</summary>
    public static async Task<EraseRequest> LoadRequestAsync(this PortalDb db, long id, CancellationToken cancellationToken) =>
        await db.EraseRequests.Include(r => r.CurrentRun).SingleOrDefaultAsync(r => r.Id == id, cancellationToken)
        ?? throw new NotFoundException($"There is no request {id}.");

    public static void DemandRequester(this EraseRequest request, Actor actor)
    {
        if (!string.Equals(request.RequesterId, actor.Id, StringComparison.Ordinal))
            throw new NotAllowedException($"Request {request.Id} belongs to {request.RequesterName}; only they can change it.");
    }
}
