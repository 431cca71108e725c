using SafetyPortal.Erasure.Attribution;

namespace SafetyPortal.Erasure.Tests.Attribution;

public sealed class RankCorrelationTests
{
    [Fact]
    public void Spearman_MonotoneSeries_IsOne() => RankCorrelation.Spearman([1, 2, 30, 400], [-5, 0, 1, 9]).ShouldBe(1, 1e-12);

    [Fact]
    public void Spearman_ReversedSeries_IsMinusOne() => RankCorrelation.Spearman([1, 2, 3], [9, 5, 1]).ShouldBe(-1, 1e-12);

    // scipy.stats.spearmanr([1, 2, 2, 3, 10], [1, 3, 2, 2, 4]).statistic = 0.7631578947368421 (average ranks for ties)
    [Fact]
    public void Spearman_Ties_TakeAverageRanks() =>
        RankCorrelation.Spearman([1, 2, 2, 3, 10], [1, 3, 2, 2, 4]).ShouldBe(7.25 / 9.5, 1e-12); // ranks 0 1.5 1.5 3 4 and 0 3 1.5 1.5 4

    [Fact]
    public void Spearman_NoSpread_IsNotANumber() => RankCorrelation.Spearman([1, 1, 1], [1, 2, 3]).ShouldBe(double.NaN);

    [Fact]
    public void Spearman_DifferentLengths_Throws() => Should.Throw<ArgumentException>(() => RankCorrelation.Spearman([1, 2], [1, 2, 3]));
}
