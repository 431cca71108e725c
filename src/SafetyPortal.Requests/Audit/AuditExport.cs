using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Audit;

/// <summary>Writes the history to a file, oldest first, without holding it in memory.</summary>
public sealed class AuditExport(IDbContextFactory<PortalDb> databases)
{
    /// <summary>
    /// CSV (RFC 4180, UTF-8). A cell that a spreadsheet would take for a formula gets a leading apostrophe; the exact text is in the JSON Lines export.
    /// </summary>
    public async Task WriteCsvAsync(Stream target, AuditFilter filter, CancellationToken cancellationToken)
    {
        await using var writer = Writer(target, "\r\n");
        await writer.WriteLineAsync("sequence,time,actorId,actorName,action,subject,payload,previousHash,hash");
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await foreach (var e in AuditQueries.Filter(db, filter).OrderBy(e => e.Sequence).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            string[] cells = [e.Sequence.ToString(CultureInfo.InvariantCulture), Iso(e.Time), e.ActorId, e.ActorName, e.Action, e.Subject, e.Payload, e.PreviousHash, e.Hash];
            await writer.WriteLineAsync(string.Join(',', cells.Select(Cell)));
        }
    }

    /// <summary>
    /// JSON Lines: one canonical object per event. The digest of the object without its hash, previousHash and requestId is its content; the digest of
    /// {content, previousHash, requestId} is its hash (digests are SHA-256 over canonical JSON).
    /// </summary>
    public async Task WriteJsonLinesAsync(Stream target, AuditFilter filter, CancellationToken cancellationToken)
    {
        await using var writer = Writer(target, "\n");
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await foreach (var e in AuditQueries.Filter(db, filter).OrderBy(e => e.Sequence).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            await writer.WriteLineAsync(CanonicalJson.Serialize(
                new { e.Sequence, time = Iso(e.Time), e.ActorId, e.ActorName, e.Action, e.Subject, e.Payload, e.RequestId, e.PreviousHash, e.Hash }));
        }
    }

    private static StreamWriter Writer(Stream target, string newLine) =>
        new(target, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true) { NewLine = newLine };

    private static string Iso(DateTimeOffset time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);

    private static string Cell(string text)
    {
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r')
            text = "'" + text;
        return text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : "\"" + text.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";
    }
}
