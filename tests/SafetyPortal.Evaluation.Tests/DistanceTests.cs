namespace SafetyPortal.Evaluation;

public sealed class DistanceTests
{
    [Fact]
    public void Fid_SameSets_IsZeroAndHasNoDirection()
    {
        var (a, b) = (FeatureStatistics.Of(GoldenMetrics.Rows("fid64.features_1")), FeatureStatistics.Of(GoldenMetrics.Rows("fid64.features_2")));

        Fid.Distance(a, a).ShouldBe(0, 1e-9);
        Fid.Distance(b, a).ShouldBe(Fid.Distance(a, b), 1e-6);
    }

    // Two Gaussians on a line: (0 - 3)^2 + (1 - 2)^2 by hand.
    [Fact]
    public void Fid_OneDimension_IsDistanceOfMeansAndDeviations()
        => Fid.Distance([0.0], new[,] { { 1.0 } }, [3.0], new[,] { { 4.0 } }).ShouldBe(10, 1e-12);

    [Fact]
    public void Fid_OtherNumberOfFeatures_SaysSo()
        => Should.Throw<ArgumentException>(() => Fid.Distance(new FeatureStatistics(3), new FeatureStatistics(4))).Message.ShouldContain("Expected 3 features, the second set has 4");
}
