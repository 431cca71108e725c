using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Web.Security;

namespace SafetyPortal.Web.History;

/// <summary>Exports of the history, streamed. Each export is an event itself, written before the first byte.</summary>
internal static class HistoryEndpoints
{
    public static void MapHistory(this IEndpointRouteBuilder endpoints)
    {
        var history = endpoints.MapGroup("/history").RequireAuthorization(Policies.ReadHistory).RequireRateLimiting(RateLimits.Copies);
        history.MapGet("export.csv", ([AsParameters] HistoryFilter filter, HttpContext context, AuditExport export, RecordEvent record) =>
            ExportAsync("csv", "text/csv; charset=utf-8", filter, context, record, export.WriteCsvAsync));
        history.MapGet("export.jsonl", ([AsParameters] HistoryFilter filter, HttpContext context, AuditExport export, RecordEvent record) =>
            ExportAsync("jsonl", "application/jsonl", filter, context, record, export.WriteJsonLinesAsync));
    }

    private static async Task<IResult> ExportAsync(
        string format, string contentType, HistoryFilter filter, HttpContext context, RecordEvent record, Func<Stream, AuditFilter, CancellationToken, Task> write)
    {
        await record.ExecuteAsync(Actor.From(context.User), "history.exported", "history", new { format }, context.RequestAborted);
        return Results.Stream(body => write(body, filter.ToAuditFilter(), context.RequestAborted), contentType, $"history.{format}");
    }
}
