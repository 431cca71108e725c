namespace SafetyPortal.Evaluation;

public sealed class IntervalsTests
{
    // Bounds from the closed form, also printed by statsmodels' proportion_confint(method="wilson").
    [Theory]
    [InlineData(8, 10, 0.490162, 0.943318)]
    [InlineData(0, 20, 0, 0.161125)]
    [InlineData(20, 20, 0.838875, 1)]
    public void Wilson_KnownCounts_GivesKnownBounds(int hits, int n, double low, double high)
    {
        var estimate = Intervals.Wilson(hits, n);

        (estimate.Value, estimate.N).ShouldBe(((double)hits / n, n));
        estimate.Low.ShouldBe(low, 1e-5);
        estimate.High.ShouldBe(high, 1e-5);
    }

    [Theory]
    [InlineData(-1, 5)]
    [InlineData(6, 5)]
    [InlineData(0, 0)]
    public void Wilson_ImpossibleCounts_AreRefused(int hits, int n) => Should.Throw<ArgumentOutOfRangeException>(() => Intervals.Wilson(hits, n));

    // The mean of 400 unit-variance values has standard error 0.05: its 95 % interval is about 0.196 wide.
    [Fact]
    public void BootstrapMean_NormalValues_HasTheWidthOfTheory()
    {
        var random = new Random(3);
        double[] values =
            [.. Enumerable.Range(0, 400).Select(_ => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))];

        var estimate = Intervals.BootstrapMean(values, seed: 1);

        estimate.Value.ShouldBe(values.Average(), 1e-12);
        (estimate.High - estimate.Low).ShouldBe(0.196, 0.03);
        estimate.Value.ShouldBeInRange(estimate.Low, estimate.High);
        Intervals.BootstrapMean(values, seed: 1).ShouldBe(estimate);
        Intervals.BootstrapMean(values, seed: 2).ShouldNotBe(estimate);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void BootstrapMean_ValueThatIsNotFinite_IsRefused(double value) =>
        Should.Throw<ArgumentException>(() => Intervals.BootstrapMean([1, value], seed: 1)).Message.ShouldContain("Expected a finite statistic");

    [Fact]
    public void BootstrapMean_NoValues_IsRefused() => Should.Throw<ArgumentOutOfRangeException>(() => Intervals.BootstrapMean([], seed: 1));
}
