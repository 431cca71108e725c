using SafetyPortal.Web.Admin;

namespace SafetyPortal.Web.Tests.Admin;

public class PolicyPageTests
{
    [Theory]
    [InlineData(0.07, "7")]
    [InlineData(0.8, "80")]
    [InlineData(0.333, "33.3")]
    [InlineData(0.123456789, "12.3456789")]
    [InlineData(double.NaN, "")]
    [InlineData(null, "")]
    public void InPercent_Rate_ShowsItExactly(double? rate, string shown) => $"{PolicyPage.InPercent(rate)}".ShouldBe(shown);

    [Fact]
    public void Rate_EmptyFieldOfAGateThatMustBeOn_IsRefused()
    {
        var rate = PolicyPage.Rate(null) ?? double.NaN;

        var problems = (PolicyDocument.Default with { MinDetectionDrop = rate, MinMeanRetention = rate }).Problems();

        problems.Select(p => p.Field).ShouldBe(["MinDetectionDrop", "MinMeanRetention"]);
    }

    [Fact]
    public void Rate_OfWhatTheFieldShows_IsTheSameRate()
    {
        for (var i = 0; i <= 1000; i++)
            PolicyPage.Rate(PolicyPage.InPercent(i / 1000.0)).ShouldBe(i / 1000.0);
    }
}
