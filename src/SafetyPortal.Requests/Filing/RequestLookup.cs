using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Filing;

internal static class RequestLookup
{
    /// <summary>The request with its current run, tracked for change.</summary>
    public static async Task<EraseRequest> LoadRequestAsync(this PortalDb db, long id, CancellationToken cancellationToken) =>
        await db.EraseRequests.Include(r => r.CurrentRun).SingleOrDefaultAsync(r => r.Id == id, cancellationToken)
        ?? throw new NotFoundException($"There is no request {id}.");
}
