using System.Security.Claims;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Web.Pictures;

/// <summary>
/// Lifts veils. The history records a reveal before the picture is sent: reveals prove that an approver saw the evidence, and count how much of such material a
/// person saw.
/// </summary>
public sealed class PictureReveals(PictureFinder finder, IDbContextFactory<PortalDb> databases, TimeProvider time)
{
    private const string Action = "image.revealed";

    /// <summary>Returns how the person sees the pictures now, by key. Pictures that they may not see are left out.</summary>
    public async Task<IReadOnlyDictionary<string, PictureView>> ViewAsync(
        ClaimsPrincipal user, PictureOf of, long id, IEnumerable<string> keys, CancellationToken cancellationToken)
    {
        var find = await finder.OpenAsync(user, of, id, cancellationToken);
        var found = new Dictionary<string, Picture>(StringComparer.Ordinal);
        foreach (var key in keys)
        {
            if (find?.Invoke(key) is { } picture)
                found[key] = picture;
        }
        var revealed = await RevealedAsync(Actor.From(user), found.Values, cancellationToken);
        return found.ToDictionary(item => item.Key, item => View(item.Key, item.Value), StringComparer.Ordinal);

        PictureView View(string key, Picture picture)
        {
            var veiled = picture.Covered && !revealed.Contains(Place(picture));
            return new(PictureUrl.Of(of, id, key, veiled), veiled);
        }
    }

    /// <summary>Records in the history that the person reveals the pictures, but not those that they revealed before.</summary>
    /// <exception cref="NotFoundException">There is no such picture, or the person may not see it.</exception>
    public async Task RevealAsync(ClaimsPrincipal user, PictureOf of, long id, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var actor = Actor.From(user);
        var find = await finder.OpenAsync(user, of, id, cancellationToken);
        var pictures = keys.Select(key => find?.Invoke(key) ?? throw new NotFoundException("There is no such picture, or you may not see it.")).ToList();
        var revealed = await RevealedAsync(actor, pictures, cancellationToken);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        foreach (var subject in pictures.Select(Place).Where(place => !revealed.Contains(place)).GroupBy(place => place.Subject, StringComparer.Ordinal))
            db.Record(actor, Action, subject.Key, new { entries = subject.Select(place => place.Number).Distinct().Order().ToArray() });
        await db.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Returns true if the person must reveal the picture first.</summary>
    internal async Task<bool> IsVeiledAsync(ClaimsPrincipal user, Picture picture, CancellationToken cancellationToken) =>
        picture.Covered && (await RevealedAsync(Actor.From(user), [picture], cancellationToken)).Count == 0;

    /// <summary>Returns how many pictures and pairs the person revealed in the last 24 hours, over all requests.</summary>
    public async Task<int> CountRecentAsync(string actorId, CancellationToken cancellationToken)
    {
        var since = time.GetUtcNow() - TimeSpan.FromHours(24);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var payloads = await db.AuditEvents.Where(e => e.ActorId == actorId && e.Action == Action && e.Time >= since)
            .Select(e => e.Payload).ToListAsync(cancellationToken);
        return payloads.Sum(payload => Numbers(payload).Count);
    }

    private async Task<HashSet<(string Subject, int Number)>> RevealedAsync(Actor actor, IEnumerable<Picture> pictures, CancellationToken cancellationToken)
    {
        var places = pictures.Select(Place).ToHashSet();
        var subjects = places.Select(place => place.Subject).Distinct(StringComparer.Ordinal).ToList();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var events = await db.AuditEvents.Where(e => subjects.Contains(e.Subject) && e.ActorId == actor.Id && e.Action == Action)
            .Select(e => new { e.Subject, e.Payload }).ToListAsync(cancellationToken);
        places.IntersectWith(events.SelectMany(e => Numbers(e.Payload).Select(number => (e.Subject, number))));
        return places;
    }

    private static (string Subject, int Number) Place(Picture picture) => (picture.Subject, picture.Number);

    private static List<int> Numbers(string payload)
    {
        using var document = JsonDocument.Parse(payload);
        return [.. document.RootElement.GetProperty("entries").EnumerateArray().Select(entry => entry.GetInt32())];
    }
}
