using System.Security.Claims;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Web.Requests;

namespace SafetyPortal.Web.Decisions;

/// <summary>The gallery of a run as its viewer may address it.</summary>
public sealed record RunGallery(long RequestId, IReadOnlyList<GalleryEntry> Entries)
{
    /// <summary>Number of the entry one of whose two images has this digest; null when none has.</summary>
    public int? NumberOf(string digest)
    {
        for (var number = 0; number < Entries.Count; number++)
        {
            if (string.Equals(Entries[number].BeforeDigest, digest, StringComparison.Ordinal) || string.Equals(Entries[number].AfterDigest, digest, StringComparison.Ordinal))
                return number;
        }
        return null;
    }
}

/// <summary>Finds images by run and digest, for people who may see the run.</summary>
public sealed class RunImages(IDbContextFactory<PortalDb> databases, EvidenceReader evidence, IArtifactStore artifacts)
{
    /// <summary>The gallery; null when there is no such run, it has no evidence, or the person may not see it.</summary>
    public async Task<RunGallery?> FindAsync(long runId, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var run = await db.Runs.AsNoTracking().Include(r => r.Request).SingleOrDefaultAsync(r => r.Id == runId, cancellationToken);
        if (run?.Request is null || !RequestAccess.MaySee(user, run.Request))
            return null;
        return await evidence.ReadAsync(run, cancellationToken) is { } document ? new(run.RequestId, document.Gallery.Entries) : null;
    }

    public Task<byte[]> ReadAsync(string digest, CancellationToken cancellationToken) => artifacts.ReadAsync(digest, cancellationToken);

    /// <summary>
    /// The newest preview of a run, if this is its digest. Previews of nudity are veiled for everyone: nobody chose to look at them.
    /// </summary>
    public async Task<byte[]?> PreviewAsync(long runId, string digest, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var run = await db.Runs.AsNoTracking().Include(r => r.Request).SingleOrDefaultAsync(r => r.Id == runId, cancellationToken);
        if (run?.Request is null || !RequestAccess.MaySee(user, run.Request) || !string.Equals(run.PreviewDigest, digest, StringComparison.Ordinal))
            return null;
        var bytes = await artifacts.ReadAsync(digest, cancellationToken);
        return run.Request.ConceptKind == ConceptKind.Nudity ? Veil.Draw(bytes) : bytes;
    }
}
