using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Audit;

/// <summary>Which events to list; null parts do not filter. <paramref name="To"/> is exclusive.</summary>
public sealed record AuditFilter(
    string? ActorContains = null, string? Action = null, long? RequestId = null, long? ModelVersionId = null, string? ConceptContains = null,
    DateTimeOffset? From = null, DateTimeOffset? To = null);

/// <summary>Reads the history.</summary>
public sealed class AuditQueries(IDbContextFactory<PortalDb> databases)
{
    /// <summary>Returns a page of events, newest first.</summary>
    public async Task<Page<AuditEvent>> ListAsync(AuditFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await Filter(db, filter).Where(e => page.After == null || e.Sequence < page.After)
            .OrderByDescending(e => e.Sequence).Take(page.Size + 1).ToListAsync(cancellationToken);
        return Page<AuditEvent>.From(rows, page, e => e.Sequence);
    }

    /// <summary>Returns the newest events of one request, newest first.</summary>
    public async Task<IReadOnlyList<AuditEvent>> TimelineAsync(long requestId, int count, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.AuditEvents.AsNoTracking().Where(e => e.RequestId == requestId)
            .OrderByDescending(e => e.Sequence).Take(count).ToListAsync(cancellationToken);
    }

    /// <summary>Returns the actions that occur in the history, for a filter's list.</summary>
    public async Task<IReadOnlyList<string>> ActionsAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.AuditEvents.Select(e => e.Action).Distinct().OrderBy(action => action).ToListAsync(cancellationToken);
    }

    internal static IQueryable<AuditEvent> Filter(PortalDb db, AuditFilter filter)
    {
        var query = db.AuditEvents.AsNoTracking();
        if (!string.IsNullOrWhiteSpace(filter.ActorContains))
        {
            var part = filter.ActorContains.Trim().ToLowerInvariant();
#pragma warning disable CA1304, CA1311 // This runs in the database, which knows no culture.
            query = query.Where(e => e.ActorName.ToLower().Contains(part));
#pragma warning restore CA1304, CA1311
        }
        if (filter.Action is { } action)
            query = query.Where(e => e.Action == action);
        if (filter.RequestId is { } request)
            query = query.Where(e => e.RequestId == request);
        if (filter.ModelVersionId is { } model)
            query = query.Where(e => db.EraseRequests.Any(r => r.Id == e.RequestId && r.ModelVersionId == model));
        if (!string.IsNullOrWhiteSpace(filter.ConceptContains))
        {
            var concept = ConceptName.KeyOf(filter.ConceptContains);
            query = query.Where(e => db.EraseRequests.Any(r => r.Id == e.RequestId && r.ConceptKey.Contains(concept)));
        }
        if (filter.From is { } from)
            query = query.Where(e => e.Time >= from);
        if (filter.To is { } to)
            query = query.Where(e => e.Time < to);
        return query;
    }
}

/// <summary>Writes the history to a file, oldest first, without holding it in memory.</summary>
public sealed class AuditExport(IDbContextFactory<PortalDb> databases)
{
    /// <summary>
    /// Writes CSV (RFC 4180, UTF-8). A cell that a spreadsheet would take for a formula gets a leading apostrophe; JSON Lines hold the exact text.
    /// </summary>
    public async Task WriteCsvAsync(Stream target, AuditFilter filter, CancellationToken cancellationToken)
    {
        await using var writer = Writer(target, "\r\n");
        await writer.WriteLineAsync("sequence,time,actorId,actorName,action,subject,payload,previousHash,hash");
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await foreach (var e in AuditQueries.Filter(db, filter).OrderBy(e => e.Sequence).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            var sequence = e.Sequence.ToString(CultureInfo.InvariantCulture);
            string[] cells = [sequence, AuditHash.Iso(e.Time), e.ActorId, e.ActorName, e.Action, e.Subject, e.Payload, e.PreviousHash, e.Hash];
            await writer.WriteLineAsync(string.Join(',', cells.Select(Cell)));
        }
    }

    /// <summary>
    /// Writes JSON Lines, one canonical object per event. The digest of the object without hash, previousHash and requestId is its content; the
    /// digest of {content, previousHash, requestId} is its hash. Digests are SHA-256 over canonical JSON.
    /// </summary>
    public async Task WriteJsonLinesAsync(Stream target, AuditFilter filter, CancellationToken cancellationToken)
    {
        await using var writer = Writer(target, "\n");
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await foreach (var e in AuditQueries.Filter(db, filter).OrderBy(e => e.Sequence).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            await writer.WriteLineAsync(CanonicalJson.Serialize(
                new { e.Sequence, time = AuditHash.Iso(e.Time), e.ActorId, e.ActorName, e.Action, e.Subject, e.Payload, e.RequestId, e.PreviousHash, e.Hash }));
        }
    }

    private static StreamWriter Writer(Stream target, string newLine) =>
        new(target, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true) { NewLine = newLine };

    private static string Cell(string text)
    {
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r')
            text = "'" + text;
        return text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : "\"" + text.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";
    }
}
