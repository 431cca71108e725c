using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Filing;

/// <summary>Another request for the same model and concept is open; <see cref="OpenRequestId"/> is the one to look at.</summary>
public sealed class DuplicateRequestException(long openRequestId, string message) : InvalidOperationException(message)
{
    public long OpenRequestId { get; } = openRequestId;
}

/// <summary>Submits a draft. Its requester only; refused while the same model and concept is open elsewhere.</summary>
public sealed class SubmitRequest(IDbContextFactory<PortalDb> databases)
{
    /// <exception cref="DuplicateRequestException">The same model and concept is open.</exception>
    /// <exception cref="IllegalMoveException">It is no draft.</exception>
    public async Task<EraseRequest> ExecuteAsync(Actor actor, long requestId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        await using var write = await databases.BeginWriteAsync(actor, cancellationToken, Roles.Reviewer);
        var (db, now) = write;
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        request.DemandRequester(actor);
        await FindDuplicate.DemandNoneAsync(db, request, cancellationToken);
        request.Submit(now);
        db.Record(actor, "request.submitted", $"request/{request.Id}", null);
        await write.CommitAsync(cancellationToken);
        return request;
    }
}

/// <summary>Looks for an open request for the same model and concept, to warn while a new one is written.</summary>
public sealed class FindDuplicate(IDbContextFactory<PortalDb> databases)
{
    /// <summary>The id of the open request, or null.</summary>
    public async Task<long?> ExecuteAsync(long modelVersionId, ConceptKind kind, string conceptName, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await QueryAsync(db, modelVersionId, kind, ConceptName.KeyOf(conceptName), except: 0, cancellationToken);
    }

    /// <summary>Passes when no other request for the same model and concept is open.</summary>
    /// <exception cref="DuplicateRequestException">One is.</exception>
    internal static async Task DemandNoneAsync(PortalDb db, EraseRequest request, CancellationToken cancellationToken)
    {
        if (await QueryAsync(db, request.ModelVersionId, request.ConceptKind, request.ConceptKey, request.Id, cancellationToken) is { } other)
            throw new DuplicateRequestException(other, $"Request {other} for the same model and concept is already open.");
    }

    // Nudity is one concept whatever it is called.
    private static async Task<long?> QueryAsync(PortalDb db, long modelVersionId, ConceptKind kind, string key, long except, CancellationToken cancellationToken) =>
        await db.EraseRequests
            .Where(r => r.ModelVersionId == modelVersionId && r.ConceptKind == kind && (kind == ConceptKind.Nudity || r.ConceptKey == key)
                && r.Id != except && RequestStatuses.Open.Contains(r.Status))
            .OrderBy(r => r.Id).Select(r => (long?)r.Id).FirstOrDefaultAsync(cancellationToken);
}
