using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Requests.Filing;

/// <summary>The request <see cref="OpenRequestId"/> for the same model and concept is open.</summary>
public sealed class DuplicateRequestException(long openRequestId, string message) : InvalidOperationException(message)
{
    public long OpenRequestId { get; } = openRequestId;
}

/// <summary>Files a request, submits it and queues its run, in one step or one after the other. Reviewers only.</summary>
public sealed class FileRequest(IDbContextFactory<PortalDb> databases, RunAnnouncer announcer)
{
    /// <summary>Files a new request, or revises a draft or one that was sent back, and queues a run of it. All of it happens or nothing.</summary>
    /// <param name="requestId">The request to revise; null files a new one.</param>
    /// <returns>The request with its run.</returns>
    /// <exception cref="InvalidRequestException">The content is not fit for a request.</exception>
    /// <exception cref="NotAllowedException">The actor is no reviewer, or the request is another's.</exception>
    /// <exception cref="IllegalMoveException">The status of the request allows no revision.</exception>
    /// <exception cref="DuplicateRequestException">Another request for the same model and concept is open.</exception>
    public async Task<EraseRequest> StartAsync(Actor actor, RequestContent content, long? requestId, CancellationToken cancellationToken)
    {
        await using var write = await databases.BeginWriteAsync(actor, cancellationToken, Roles.Reviewer);
        var (db, now) = write;
        var request = requestId is { } id
            ? await ReviseAsync(db, actor, id, content, now, cancellationToken)
            : await AddAsync(db, actor, content, now, cancellationToken);
        // A request and its run name each other, so the request needs its id first.
        await db.SaveChangesAsync(cancellationToken);
        var run = await StartRun.EnqueueAsync(db, actor, request, now, cancellationToken);
        await write.CommitAsync(cancellationToken);
        announcer.Announce(run);
        return request;
    }

    /// <summary>Files a new request as a draft.</summary>
    /// <inheritdoc cref="StartAsync"/>
    public async Task<EraseRequest> DraftAsync(Actor actor, RequestContent content, CancellationToken cancellationToken)
    {
        await using var write = await databases.BeginWriteAsync(actor, cancellationToken, Roles.Reviewer);
        var (db, now) = write;
        var request = await AddAsync(db, actor, content, now, cancellationToken);
        await write.CommitAsync(cancellationToken);
        return request;
    }

    /// <summary>Revises a draft or a request that was sent back. Its requester only.</summary>
    /// <inheritdoc cref="StartAsync"/>
    public async Task<EraseRequest> ReviseAsync(Actor actor, long requestId, RequestContent content, CancellationToken cancellationToken)
    {
        await using var write = await databases.BeginWriteAsync(actor, cancellationToken, Roles.Reviewer);
        var (db, now) = write;
        var request = await ReviseAsync(db, actor, requestId, content, now, cancellationToken);
        await write.CommitAsync(cancellationToken);
        return request;
    }

    /// <summary>Submits a draft. Its requester only.</summary>
    /// <inheritdoc cref="StartAsync"/>
    public async Task<EraseRequest> SubmitAsync(Actor actor, long requestId, CancellationToken cancellationToken)
    {
        await using var write = await databases.BeginWriteAsync(actor, cancellationToken, Roles.Reviewer);
        var (db, now) = write;
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        Submit(db, actor, request, now);
        await FindDuplicate.DemandNoneAsync(db, request, cancellationToken);
        await write.CommitAsync(cancellationToken);
        return request;
    }

    internal static void Submit(PortalDb db, Actor actor, EraseRequest request, DateTimeOffset now)
    {
        DemandRequester(request, actor);
        request.Submit(now);
        db.Record(actor, "request.submitted", $"request/{request.Id}", null);
    }

    private static async Task<EraseRequest> AddAsync(PortalDb db, Actor actor, RequestContent content, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await DemandValidAsync(db, content, cancellationToken);
        var salt = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var request = EraseRequest.File(content, actor.Id, actor.Name, salt, now);
        db.EraseRequests.Add(request);
        db.Record(actor, "request.filed", () => $"request/{request.Id}", PromptDigest.Describe(request));
        return request;
    }

    private static async Task<EraseRequest> ReviseAsync(
        PortalDb db, Actor actor, long requestId, RequestContent content, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await DemandValidAsync(db, content, cancellationToken);
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        DemandRequester(request, actor);
        request.Revise(content, now);
        // Two drafts for one concept may exist.
        if (request.Status != RequestStatus.Draft)
            await FindDuplicate.DemandNoneAsync(db, request, cancellationToken);
        db.Record(actor, "request.revised", $"request/{request.Id}", PromptDigest.Describe(request));
        return request;
    }

    private static async Task DemandValidAsync(PortalDb db, RequestContent content, CancellationToken cancellationToken)
    {
        if (content.Problems() is { Count: > 0 } problems)
            throw new InvalidRequestException(problems);
        if (!await db.ModelVersions.AnyAsync(model => model.Id == content.ModelVersionId, cancellationToken))
            throw new InvalidRequestException([new(nameof(content.ModelVersionId), $"There is no model {content.ModelVersionId}.")]);
    }

    private static void DemandRequester(EraseRequest request, Actor actor)
    {
        if (request.RequesterId != actor.Id)
            throw new NotAllowedException($"Request {request.Id} belongs to {request.RequesterName}; only they can change it.");
    }
}

/// <summary>Looks for an open request for the same model and concept.</summary>
public sealed class FindDuplicate(IDbContextFactory<PortalDb> databases)
{
    /// <summary>Returns the id of the open request, or null.</summary>
    public async Task<long?> ExecuteAsync(long modelVersionId, ConceptKind kind, string conceptName, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await QueryAsync(db, modelVersionId, kind, ConceptName.KeyOf(conceptName), except: 0, cancellationToken);
    }

    /// <exception cref="DuplicateRequestException">Another request for the same model and concept is open.</exception>
    internal static async Task DemandNoneAsync(PortalDb db, EraseRequest request, CancellationToken cancellationToken)
    {
        if (await QueryAsync(db, request.ModelVersionId, request.ConceptKind, request.ConceptKey, request.Id, cancellationToken) is { } other)
            throw new DuplicateRequestException(other, $"Request {other} for the same model and concept is already open.");
    }

    // Nudity is one concept whatever it is called.
    private static Task<long?> QueryAsync(PortalDb db, long modelVersionId, ConceptKind kind, string key, long except, CancellationToken cancellationToken) =>
        db.EraseRequests
            .Where(r => r.ModelVersionId == modelVersionId && r.ConceptKind == kind && (kind == ConceptKind.Nudity || r.ConceptKey == key)
                && r.Id != except && RequestStatuses.Open.Contains(r.Status))
            .OrderBy(r => r.Id).Select(r => (long?)r.Id).FirstOrDefaultAsync(cancellationToken);
}
