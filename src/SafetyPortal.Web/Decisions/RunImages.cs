using System.Security.Claims;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Web.Requests;
using SafetyPortal.Worker.Stages;

namespace SafetyPortal.Web.Decisions;

/// <summary>
/// The pictures of a run as its viewer may address them: the pairs of the evidence with the images of the other doses in the same order,
/// and after them its sheets.
/// </summary>
public sealed record RunGallery(long RequestId, IReadOnlyList<GalleryEntry> Entries, IReadOnlyList<DoseImages> Doses, IReadOnlyList<EvidenceSheet> Sheets)
{
    /// <summary>How many numbers there are.</summary>
    public int Count => Entries.Count + Sheets.Count;

    /// <summary>Whether what has this number is veiled until someone deliberately asks for it.</summary>
    public bool Covers(int number) => number < Entries.Count ? Veil.Covers(Entries[number]) : Sheets[number - Entries.Count].Sensitive;

    /// <summary>Number of the pair one of whose images, at any dose, has this digest, or of the sheet that has it; null when none has.</summary>
    public int? NumberOf(string digest)
    {
        for (var number = 0; number < Entries.Count; number++)
        {
            if (ImagesOf(number).Contains(digest, StringComparer.Ordinal))
                return number;
        }
        for (var sheet = 0; sheet < Sheets.Count; sheet++)
        {
            if (string.Equals(Sheets[sheet].Digest, digest, StringComparison.Ordinal))
                return Entries.Count + sheet;
        }
        return null;
    }

    private IEnumerable<string> ImagesOf(int number) =>
        Doses.Where(dose => number < dose.Images.Count).Select(dose => dose.Images[number])
            .Append(Entries[number].BeforeDigest).Append(Entries[number].AfterDigest);
}

/// <summary>Finds images by run and digest, for people who may see the run.</summary>
public sealed class RunImages(IDbContextFactory<PortalDb> databases, EvidenceReader evidence, IArtifactStore artifacts)
{
    /// <summary>The gallery; null when there is no such run, it has no evidence, or the person may not see it.</summary>
    public async Task<RunGallery?> FindAsync(long runId, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var run = await db.Runs.AsNoTracking().Include(r => r.Request).Include(r => r.StageResults).SingleOrDefaultAsync(r => r.Id == runId, cancellationToken);
        if (run?.Request is null || !RequestAccess.MaySee(user, run.Request))
            return null;
        return await evidence.ReadAsync(run, cancellationToken) is { } document
            ? new(run.RequestId, document.Gallery.Entries, await evidence.ReadDosesAsync(run, cancellationToken), EvidenceSheets.Of(document))
            : null;
    }

    public Task<byte[]> ReadAsync(string digest, CancellationToken cancellationToken) => artifacts.ReadAsync(digest, cancellationToken);

    /// <summary>
    /// The newest preview of a run; null when there is none or the person may not see it. Previews of nudity are veiled for everyone: nobody chose to look at them.
    /// </summary>
    public async Task<byte[]?> PreviewAsync(long runId, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var run = await db.Runs.AsNoTracking().Include(r => r.Request).SingleOrDefaultAsync(r => r.Id == runId, cancellationToken);
        if (run?.Request is null || !RequestAccess.MaySee(user, run.Request) || run.PreviewDigest is not { } digest)
            return null;
        var bytes = await artifacts.ReadAsync(digest, cancellationToken);
        return run.Request.ConceptKind == ConceptKind.Nudity ? Veil.Draw(bytes, cancellationToken) : bytes;
    }
}
