using System.Globalization;
using System.Security.Claims;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Blind;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.RedTeam;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Web.Decisions;
using SafetyPortal.Web.Requests;

namespace SafetyPortal.Web.Pictures;

/// <summary>Finds the pictures that a person may see, and which of them a veil covers.</summary>
public sealed class PictureFinder(
    IDbContextFactory<PortalDb> databases, EvidenceReader evidence, ProbeOrderQueries orders, JudgeBlind judge, RequestDrafts drafts)
{
    /// <summary>Returns a function that finds pictures by key; null if the person may see none of them.</summary>
    internal Task<Func<string, Picture?>?> OpenAsync(ClaimsPrincipal user, PictureOf of, long id, CancellationToken cancellationToken) => of switch
    {
        PictureOf.Run => OfRunAsync(user, id, cancellationToken),
        PictureOf.Request => OfRequestAsync(user, id, cancellationToken),
        PictureOf.ProbeOrder => OfOrderAsync(user, id, cancellationToken),
        _ => OfJudgementAsync(user, id, cancellationToken),
    };

    /// <summary>Returns the newest preview of a run; null if there is none. No reveal lifts its veil, since it appears unasked.</summary>
    internal async Task<Picture?> PreviewAsync(ClaimsPrincipal user, long runId, CancellationToken cancellationToken) =>
        await RunAsync(user, runId, cancellationToken) is { PreviewDigest: { } digest } run
            ? new(digest, run.Request!.ConceptKind == ConceptKind.Nudity, "", 0)
            : null;

    /// <summary>Returns a reference picture of a form of the person, for a new request or one they may change; null if no form holds it.</summary>
    internal async Task<Picture?> OfFormAsync(ClaimsPrincipal user, string digest, CancellationToken cancellationToken)
    {
        var me = Actor.From(user).Id;
        var picture = new Picture(digest, Covered: false, "", 0);
        if ((await drafts.ReadAsync(me, cancellationToken))?.ReferenceImages.Contains(digest, StringComparer.Ordinal) == true)
            return picture;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var known = await db.EraseRequests
            .Where(r => r.RequesterId == me && (r.Status == RequestStatus.Draft || r.Status == RequestStatus.ChangesRequested))
            .AnyAsync(r => r.ReferenceImages.Contains(digest), cancellationToken);
        return known ? picture : null;
    }

    /// <summary>Returns the contact sheets and heat maps of the evidence in an order that never changes, since reveals name them by number.</summary>
    internal static IReadOnlyList<(string Digest, bool Covered)> Sheets(EvidenceDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        // Maps are drawn over target images, and probes try to bring the concept back, so both are covered like the target group.
        var attention = document.Location?.Attention;
        string?[] ofTheConcept =
        [
            attention?.Sheet,
            .. attention?.Pairs.SelectMany(pair => new[] { pair.Before, pair.After }) ?? [],
            .. document.RedTeam?.Probes.Select(probe => probe.Sheet) ?? [],
        ];
        var sheets = ofTheConcept.OfType<string>().Select(digest => (digest, true)).ToList();
        if (document.Specificity is { Sheet: { } others } specificity)
            sheets.Add((others, document.Request.ConceptKind == ConceptKind.Nudity || specificity.Prompts.Any(NudityTerms.IsNamedIn)));
        return [.. sheets.DistinctBy(sheet => sheet.digest, StringComparer.Ordinal)];
    }

    // All images of a pair have one number: before, after, and after at other doses. The sheets follow the pairs.
    private async Task<Func<string, Picture?>?> OfRunAsync(ClaimsPrincipal user, long id, CancellationToken cancellationToken)
    {
        if (await RunAsync(user, id, cancellationToken) is not { } run || await evidence.ReadAsync(run, cancellationToken) is not { } document)
            return null;
        var doses = await evidence.ReadDosesAsync(run, cancellationToken);
        var subject = $"request/{run.RequestId}/run/{run.Id}";
        var pictures = new Dictionary<string, Picture>(StringComparer.Ordinal);
        foreach (var (number, entry) in document.Gallery.Entries.Index())
        {
            var covered = entry.Sensitive || string.Equals(entry.Group, "target", StringComparison.Ordinal);
            string[] pair = [.. doses.Where(dose => number < dose.Images.Count).Select(dose => dose.Images[number]), entry.BeforeDigest, entry.AfterDigest];
            foreach (var digest in pair)
                pictures.TryAdd(digest, new(digest, covered, subject, number));
        }
        foreach (var (place, (digest, covered)) in Sheets(document).Index())
            pictures.TryAdd(digest, new(digest, covered, subject, document.Gallery.Entries.Count + place));
        return digest => pictures.GetValueOrDefault(digest);
    }

    // A reveal names the picture by a salted digest, so that it does not hold for another picture that replaces this one.
    private async Task<Func<string, Picture?>?> OfRequestAsync(ClaimsPrincipal user, long id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var request = await db.EraseRequests.AsNoTracking().SingleOrDefaultAsync(r => r.Id == id, cancellationToken);
        if (request is null || !RequestAccess.MaySee(user, request))
            return null;
        return digest => request.ReferenceImages.Contains(digest, StringComparer.Ordinal)
            ? new(digest, request.ConceptKind == ConceptKind.Nudity, $"request/{id}/picture/{PromptDigest.Of(request, digest)}", 0)
            : null;
    }

    private async Task<Func<string, Picture?>?> OfOrderAsync(ClaimsPrincipal user, long id, CancellationToken cancellationToken)
    {
        var view = await orders.FindAsync(Actor.From(user), id, cancellationToken);
        if (view is not { Findings.Probes: { } probes, Order: { Request: { } request } order } || !RequestAccess.MaySee(user, request))
            return null;
        return code => probes.FirstOrDefault(probe => string.Equals(probe.Code, code, StringComparison.Ordinal))?.Sheet is { } digest
            ? new(digest, Covered: true, $"request/{order.RequestId}/red-team/{id}", ProbeCodes.All.ToList().IndexOf(code))
            : null;
    }

    private async Task<Func<string, Picture?>?> OfJudgementAsync(ClaimsPrincipal user, long id, CancellationToken cancellationToken)
    {
        if (await judge.FindOwnAsync(Actor.From(user).Id, id, cancellationToken) is not { } judgement)
            return null;
        var cards = judgement.Cards();
        return key => int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var place) && place < cards.Count
            ? new(cards[place].Image, Covered: true, JudgeBlind.Subject(judgement), place)
            : null;
    }

    private async Task<Run?> RunAsync(ClaimsPrincipal user, long id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var run = await db.Runs.AsNoTracking().Include(r => r.Request).Include(r => r.StageResults).SingleOrDefaultAsync(r => r.Id == id, cancellationToken);
        return run?.Request is { } request && RequestAccess.MaySee(user, request) ? run : null;
    }
}
