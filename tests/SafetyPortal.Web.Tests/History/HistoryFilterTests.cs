using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using SafetyPortal.Requests;
using SafetyPortal.Web.History;

namespace SafetyPortal.Web.Tests.History;

public class HistoryFilterTests
{
    [Fact]
    public void ToAuditFilter_LastDayThereIs_HasNoEnd()
    {
        new HistoryFilter { ToDay = DateOnly.MaxValue }.ToAuditFilter().To.ShouldBeNull();
        new HistoryFilter { ToDay = new DateOnly(2026, 11, 22) }.ToAuditFilter().To.ShouldBe(new DateTimeOffset(2026, 11, 23, 0, 0, 0, TimeSpan.Zero));
    }

    [Fact]
    public void Parse_QueryStringOfAFilter_IsThatFilter()
    {
        var filter = new HistoryFilter
        {
            Person = "ada & ben",
            Event = "run.queued",
            Concept = "stra\u00DFe",
            Request = 12,
            FromDay = new(2026, 1, 2),
            ToDay = new(2026, 11, 28),
        };

        Parse(filter.ToQueryString()).ToAuditFilter().ShouldBe(filter.ToAuditFilter());
        Parse("?request=&fromDay=%20").ToAuditFilter().ShouldBe(new HistoryFilter().ToAuditFilter());
    }

    [Theory]
    [InlineData("?from=2026-01-02", "got \"from\"")]
    [InlineData("?person=ada&person=ben", "got \"ada,ben\"")]
    [InlineData("?fromDay=01/02/2026", "got \"01/02/2026\"")]
    [InlineData("?toDay=2026-1-2", "got \"2026-1-2\"")]
    [InlineData("?request=-1", "got \"-1\"")]
    [InlineData("?request=1e3", "got \"1e3\"")]
    [InlineData("?request=9223372036854775808", "got \"9223372036854775808\"")]
    public void Parse_ParameterThatIsUnknownRepeatedOrMalformed_IsRefused(string query, string named) =>
        Should.Throw<InvalidRequestException>(() => Parse(query)).Message.ShouldContain(named);

    private static HistoryFilter Parse(string query) => HistoryFilter.Parse(new QueryCollection(QueryHelpers.ParseQuery(query)));
}
