using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Filing;

/// <summary>Replaces the content of a draft, or of a request that was sent back. Its requester only.</summary>
public sealed class ReviseRequest(IDbContextFactory<PortalDb> databases)
{
    /// <inheritdoc cref="FileRequest.ExecuteAsync"/>
    /// <exception cref="IllegalMoveException">The request is past revising.</exception>
    /// <exception cref="DuplicateRequestException">It was sent back, and what it asks for now is open elsewhere.</exception>
    public async Task<EraseRequest> ExecuteAsync(Actor actor, long requestId, RequestContent content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        await using var write = await databases.BeginWriteAsync(actor, cancellationToken, Roles.Reviewer);
        var (db, now) = write;
        await FileRequest.DemandValidAsync(db, content, cancellationToken);
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        request.DemandRequester(actor);
        request.Revise(content, now);
        // A draft claims nothing before it is submitted.
        if (request.Status != RequestStatus.Draft)
            await FindDuplicate.DemandNoneAsync(db, request, cancellationToken);
        db.Record(actor, "request.revised", $"request/{request.Id}", PromptDigest.Describe(request));
        await write.CommitAsync(cancellationToken);
        return request;
    }
}
