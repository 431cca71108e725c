using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Web.Decisions;

/// <summary>
/// Who has looked at which veiled pair of images. Looking is an event of the history, written before the image is sent: it proves that
/// an approver saw the evidence, and counts how much of such material a person was exposed to.
/// </summary>
public sealed class ImageReveals(IDbContextFactory<PortalDb> databases, TimeProvider time)
{
    public const string Action = "image.revealed";

    /// <summary>Pairs of a run's gallery (numbers of its entries) that the person has revealed.</summary>
    public Task<IReadOnlySet<int>> OfAsync(string actorId, long requestId, long runId, CancellationToken cancellationToken) =>
        OfAsync(actorId, Subject(requestId, runId), cancellationToken);

    /// <summary>As the other overload, for pictures that belong to something else than a run.</summary>
    public async Task<IReadOnlySet<int>> OfAsync(string actorId, string subject, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var payloads = await db.AuditEvents.AsNoTracking()
            .Where(e => e.Subject == subject && e.ActorId == actorId && e.Action == Action).Select(e => e.Payload).ToListAsync(cancellationToken);
        return payloads.SelectMany(Entries).ToHashSet();
    }

    /// <summary>Notes that the person reveals these pairs; pairs revealed before are not counted again.</summary>
    public Task RevealAsync(Actor actor, long requestId, long runId, IReadOnlyCollection<int> entries, CancellationToken cancellationToken) =>
        RevealAsync(actor, Subject(requestId, runId), entries, cancellationToken);

    /// <inheritdoc cref="RevealAsync(Actor, long, long, IReadOnlyCollection{int}, CancellationToken)"/>
    public async Task RevealAsync(Actor actor, string subject, IReadOnlyCollection<int> entries, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        var known = await OfAsync(actor.Id, subject, cancellationToken);
        int[] news = [.. entries.Where(entry => !known.Contains(entry)).Order()];
        if (news.Length == 0)
            return;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.Record(actor, Action, subject, new { entries = news });
        await db.SaveChangesAsync(cancellationToken);
    }

    /// <summary>How many pairs the person revealed in the last 24 hours, over all requests.</summary>
    public async Task<int> CountRecentAsync(string actorId, CancellationToken cancellationToken)
    {
        var since = time.GetUtcNow() - TimeSpan.FromHours(24);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var payloads = await db.AuditEvents.AsNoTracking()
            .Where(e => e.ActorId == actorId && e.Action == Action && e.Time >= since).Select(e => e.Payload).ToListAsync(cancellationToken);
        return payloads.Sum(payload => Entries(payload).Count());
    }

    private static string Subject(long requestId, long runId) => $"request/{requestId}/run/{runId}";

    private static IEnumerable<int> Entries(string payload)
    {
        using var document = JsonDocument.Parse(payload);
        return document.RootElement.TryGetProperty("entries", out var entries)
            ? [.. entries.EnumerateArray().Select(entry => entry.GetInt32())]
            : [];
    }
}
