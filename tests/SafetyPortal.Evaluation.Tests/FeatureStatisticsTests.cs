namespace SafetyPortal.Evaluation;

public sealed class FeatureStatisticsTests
{
    [Fact]
    public void Merge_AnySharding_GivesTheBitsOfASinglePass()
    {
        var features = GoldenMetrics.Rows("fid64.features_1");
        var whole = FeatureStatistics.Of(features);
        foreach (var cut in (int[])[1, 7, 150, 299])
        {
            var merged = FeatureStatistics.Of(features.Select([.. Enumerable.Range(cut, features.Count - cut)]));
            merged.Merge(FeatureStatistics.Of(features.Take(cut)));

            merged.Count.ShouldBe(whole.Count);
            merged.Mean().ShouldBe(whole.Mean());
            merged.Covariance().Cast<double>().ShouldBe(whole.Covariance().Cast<double>());
        }
    }

    // The floating-point sums of these numbers depend on their order.
    [Fact]
    public void Merge_ShardsInAnyOrder_GivesTheBitsOfASinglePass()
    {
        var random = new Random(11);
        var features = new Features([.. Enumerable.Range(0, 600).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-6, 6))))], 3);
        var whole = FeatureStatistics.Of(features);
        var shards = new List<FeatureStatistics>();
        for (var start = 0; start < features.Count;)
        {
            var size = Math.Min(random.Next(1, 40), features.Count - start);
            shards.Add(FeatureStatistics.Of(features.Select([.. Enumerable.Range(start, size)])));
            start += size;
        }

        for (var round = 0; round < 5; round++)
        {
            random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(shards));
            var merged = new FeatureStatistics(3);
            shards.ForEach(merged.Merge);

            merged.Count.ShouldBe(200);
            merged.Mean().ShouldBe(whole.Mean());
            merged.Covariance().Cast<double>().ShouldBe(whole.Covariance().Cast<double>());
        }
    }

    [Fact]
    public void Add_FeatureTooLargeForExactSums_IsRefused()
        => Should.Throw<ArgumentException>(() => new FeatureStatistics(1).Add([9e6f])).Message.ShouldContain("below 8388608");

    // 1, 2, 3 and 2, 4, 7: means 2 and 13/3, variances 1 and 19/3, covariance 5/2, by hand.
    [Fact]
    public void Covariance_ThreeImages_IsTheUnbiasedOne()
    {
        var statistics = FeatureStatistics.Of(new Features([1, 2, 2, 4, 3, 7], 2));

        statistics.Mean().ShouldBe([2.0, 13.0 / 3], 1e-15);
        statistics.Covariance().Cast<double>().ShouldBe([1.0, 2.5, 2.5, 19.0 / 3], 1e-14);
    }

    // Plain float64 sums lose all digits of a unit variance here.
    [Fact]
    public void Covariance_FarFromZero_KeepsItsDigits()
    {
        const float Far = 1 << 22;
        var statistics = FeatureStatistics.Of(new Features([Far - 1, Far, Far + 1], 1));

        statistics.Covariance()[0, 0].ShouldBe(1, 1e-12);
    }

    [Fact]
    public void Add_FeatureThatIsNotFinite_IsRefused()
        => Should.Throw<ArgumentException>(() => new FeatureStatistics(2).Add([1, float.NaN])).Message.ShouldContain("Feature 1 is NaN");

    [Fact]
    public void Covariance_OneImage_SaysHowManyAreNeeded()
        => Should.Throw<InvalidOperationException>(() => FeatureStatistics.Of(new Features([1], 1)).Covariance()).Message.ShouldContain("At least 2 images");
}
