using System.Globalization;
using Microsoft.AspNetCore.Http.Extensions;
using SafetyPortal.Requests.Audit;

namespace SafetyPortal.Web.History;

/// <summary>The filter of the history page; the export links carry it as a query string. Days are UTC, both included.</summary>
public sealed class HistoryFilter
{
    public string? Person { get; set; }

    public string? Event { get; set; }

    public string? Concept { get; set; }

    public long? Request { get; set; }

    public DateOnly? FromDay { get; set; }

    public DateOnly? ToDay { get; set; }

    public AuditFilter ToAuditFilter() => new(
        Blank(Person), Blank(Event), Request, ConceptContains: Blank(Concept), From: Start(FromDay), To: Start(ToDay == DateOnly.MaxValue ? null : ToDay?.AddDays(1)));

    public string ToQueryString()
    {
        var query = new QueryBuilder();
        void Add(string name, string? value)
        {
            if (Blank(value) is { } text)
                query.Add(name, text);
        }

        Add("person", Person);
        Add("event", Event);
        Add("concept", Concept);
        Add("request", Request?.ToString(CultureInfo.InvariantCulture));
        Add("fromDay", FromDay?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        Add("toDay", ToDay?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        return query.ToString();
    }

    private static string? Blank(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private static DateTimeOffset? Start(DateOnly? day) => day is { } d ? new DateTimeOffset(d.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero) : null;
}
