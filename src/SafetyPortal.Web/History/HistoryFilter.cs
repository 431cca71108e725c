using System.Globalization;
using Microsoft.AspNetCore.Http.Extensions;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Audit;

namespace SafetyPortal.Web.History;

/// <summary>The filter of the history page, which the export links carry as a query string. Days are UTC, both included.</summary>
public sealed class HistoryFilter
{
    private const string DayFormat = "yyyy-MM-dd";

    public string? Person { get; set; }

    public string? Event { get; set; }

    public string? Concept { get; set; }

    public long? Request { get; set; }

    public DateOnly? FromDay { get; set; }

    public DateOnly? ToDay { get; set; }

    /// <summary>Reads what <see cref="ToQueryString"/> writes; an empty value does not filter.</summary>
    /// <exception cref="InvalidRequestException">A parameter is unknown, repeated or malformed; leaving it out would export other events.</exception>
    public static HistoryFilter Parse(IQueryCollection query)
    {
        ArgumentNullException.ThrowIfNull(query);
        var filter = new HistoryFilter();
        foreach (var (name, values) in query)
        {
            if (values is not [{ } value])
                throw Invalid(name, $"one {name}", values.ToString());
            switch (name.ToUpperInvariant())
            {
                case "PERSON":
                    filter.Person = value;
                    break;
                case "EVENT":
                    filter.Event = value;
                    break;
                case "CONCEPT":
                    filter.Concept = value;
                    break;
                case "REQUEST":
                    filter.Request = Blank(value) is null ? null
                        : long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
                        : throw Invalid(name, "the number of a request", value);
                    break;
                case "FROMDAY":
                    filter.FromDay = Day(name, value);
                    break;
                case "TODAY":
                    filter.ToDay = Day(name, value);
                    break;
                default:
                    throw Invalid(name, "person, event, concept, request, fromDay or toDay", name);
            }
        }
        return filter;
    }

    public AuditFilter ToAuditFilter() => new(
        Blank(Person), Blank(Event), Request, ConceptContains: Blank(Concept),
        From: Start(FromDay), To: Start(ToDay == DateOnly.MaxValue ? null : ToDay?.AddDays(1)));

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
        Add("fromDay", FromDay?.ToString(DayFormat, CultureInfo.InvariantCulture));
        Add("toDay", ToDay?.ToString(DayFormat, CultureInfo.InvariantCulture));
        return query.ToString();
    }

    private static DateOnly? Day(string name, string value) => Blank(value) is null ? null
        : DateOnly.TryParseExact(value, DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day
        : throw Invalid(name, "a day such as 2026-11-28", value);

    private static InvalidRequestException Invalid(string name, string expected, string got) =>
        new([new(name, $"Expected {expected} in the query string, got \"{got}\".")]);

    private static string? Blank(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private static DateTimeOffset? Start(DateOnly? day) => day is { } d ? new DateTimeOffset(d.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero) : null;
}
