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
}
