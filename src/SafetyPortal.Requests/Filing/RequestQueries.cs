using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Releases;

namespace SafetyPortal.Requests.Filing;

/// <summary>Which requests to list; null parts do not filter.</summary>
public sealed record RequestFilter(
    string? RequesterId = null, IReadOnlyList<RequestStatus>? Statuses = null, ConceptKind? Kind = null, long? ModelVersionId = null,
    string? ConceptContains = null, bool OldestFirst = false);

/// <summary>A request with its decisions, waivers and release.</summary>
public sealed record RequestDetails(EraseRequest Request, IReadOnlyList<Decision> Decisions, IReadOnlyList<Waiver> Waivers, Release? Release);

/// <summary>Reads requests. Drafts are shown to their requester alone.</summary>
public sealed class RequestQueries(IDbContextFactory<PortalDb> databases)
{
    /// <summary>Returns a page of requests with model and current run.</summary>
    public async Task<Page<EraseRequest>> ListAsync(string viewerId, RequestFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var query = db.EraseRequests.AsNoTracking().Include(r => r.ModelVersion).Include(r => r.CurrentRun)
            .Where(r => r.Status != RequestStatus.Draft || r.RequesterId == viewerId);
        if (filter.RequesterId is { } requester)
            query = query.Where(r => r.RequesterId == requester);
        if (filter.Statuses is { Count: > 0 } statuses)
            query = query.Where(r => statuses.Contains(r.Status));
        if (filter.Kind is { } kind)
            query = query.Where(r => r.ConceptKind == kind);
        if (filter.ModelVersionId is { } model)
            query = query.Where(r => r.ModelVersionId == model);
        if (!string.IsNullOrWhiteSpace(filter.ConceptContains))
        {
            var part = ConceptName.KeyOf(filter.ConceptContains);
            query = query.Where(r => r.ConceptKey.Contains(part));
        }
        if (page.After is { } after)
            query = filter.OldestFirst ? query.Where(r => r.Id > after) : query.Where(r => r.Id < after);
        query = filter.OldestFirst ? query.OrderBy(r => r.Id) : query.OrderByDescending(r => r.Id);
        var rows = await query.Take(page.Size + 1).ToListAsync(cancellationToken);
        return Page<EraseRequest>.From(rows, page, r => r.Id);
    }

    /// <summary>Returns one request with its runs and their stages; null when it does not exist or is another's draft.</summary>
    public async Task<RequestDetails?> GetAsync(string viewerId, long id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var request = await db.EraseRequests.AsNoTrackingWithIdentityResolution()
            .Include(r => r.ModelVersion).Include(r => r.CurrentRun).Include(r => r.Runs).ThenInclude(run => run.StageResults)
            .SingleOrDefaultAsync(r => r.Id == id && (r.Status != RequestStatus.Draft || r.RequesterId == viewerId), cancellationToken);
        if (request is null)
            return null;
        var decisions = await db.Decisions.AsNoTracking().Where(d => d.RequestId == id).OrderBy(d => d.Id).ToListAsync(cancellationToken);
        var waivers = await db.Waivers.AsNoTracking().Where(w => w.RequestId == id).OrderBy(w => w.Id).ToListAsync(cancellationToken);
        var release = await db.Releases.AsNoTracking().SingleOrDefaultAsync(r => r.RequestId == id, cancellationToken);
        return new RequestDetails(request, decisions, waivers, release);
    }
}

internal static class RequestLookup
{
    /// <summary>Returns the request with its current run, tracked for change.</summary>
    /// <exception cref="NotFoundException">There is no such request.</exception>
    public static async Task<EraseRequest> LoadRequestAsync(this PortalDb db, long id, CancellationToken cancellationToken) =>
        await db.EraseRequests.Include(r => r.CurrentRun).SingleOrDefaultAsync(r => r.Id == id, cancellationToken)
        ?? throw new NotFoundException($"There is no request {id}.");
}
