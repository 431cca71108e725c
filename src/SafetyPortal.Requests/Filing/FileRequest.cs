using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Filing;

/// <summary>Files a new request as a draft. Reviewers only.</summary>
public sealed class FileRequest(IDbContextFactory<PortalDb> databases)
{
    /// <exception cref="InvalidRequestException">The content is not fit for a request.</exception>
    /// <exception cref="NotAllowedException">The actor is no reviewer.</exception>
    public async Task<EraseRequest> ExecuteAsync(Actor actor, RequestContent content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = db.Now;
        await db.DemandRoleAsync(actor, cancellationToken, Roles.Reviewer);
        await DemandValidAsync(db, content, cancellationToken);

        var salt = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var request = EraseRequest.File(content, actor.Id, actor.Name, salt, now);
        db.EraseRequests.Add(request);
        db.Record(actor, "request.filed", () => $"request/{request.Id}", PromptDigest.Describe(request));
        await db.SaveChangesAsync(cancellationToken);
        return request;
    }

    internal static async Task DemandValidAsync(PortalDb db, RequestContent content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        if (content.Problems() is { Count: > 0 } problems)
            throw new InvalidRequestException(problems);
        if (!await db.ModelVersions.AnyAsync(model => model.Id == content.ModelVersionId, cancellationToken))
            throw new InvalidRequestException([new(nameof(content.ModelVersionId), $"There is no model {content.ModelVersionId}.")]);
    }
}
