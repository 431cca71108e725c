using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Web.Security;

namespace SafetyPortal.Web.History;

/// <summary>Streams exports of the history. Each export is an event of the history, recorded before the first byte is sent.</summary>
internal static class HistoryEndpoints
{
    public static void MapHistory(this IEndpointRouteBuilder endpoints)
    {
        var history = endpoints.MapGroup("/history").RequireAuthorization(Policies.ReadHistory).RequireRateLimiting(RateLimits.Copies);
        history.MapGet("export.csv", (HttpContext context, AuditExport export, RecordEvent record) =>
            ExportAsync("csv", "text/csv; charset=utf-8", context, record, export.WriteCsvAsync));
        history.MapGet("export.jsonl", (HttpContext context, AuditExport export, RecordEvent record) =>
            ExportAsync("jsonl", "application/jsonl", context, record, export.WriteJsonLinesAsync));
    }

    private static async Task<IResult> ExportAsync(
        string format, string contentType, HttpContext context, RecordEvent record, Func<Stream, AuditFilter, CancellationToken, Task> write)
    {
        var filter = HistoryFilter.Parse(context.Request.Query).ToAuditFilter();
        await record.ExecuteAsync(Actor.From(context.User), "history.exported", "history", new { format }, context.RequestAborted);
        return Results.Stream(body => write(body, filter, context.RequestAborted), contentType, $"history.{format}");
    }
}
