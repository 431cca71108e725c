namespace SafetyPortal.Evaluation;

/// <summary>FID against pytorch-fid, KID and Inception Score against torch-fidelity, with the tolerances of 08_metrics/README.md.</summary>
public sealed class DistanceTests
{
    [Fact]
    public void Fid_ManyImages_IsTheReferences()
    {
        var (a, b) = (GoldenMetrics.Rows("fid64.features_1"), GoldenMetrics.Rows("fid64.features_2"));
        var expected = GoldenMetrics.Numbers.GetProperty("fid64").GetProperty("pytorch_fid").GetDouble();

        Fid.Distance(a, b).ShouldBe(expected, expected * 1e-6);
        Fid.Distance(a, a).ShouldBe(0, 1e-9);
        Fid.Distance(b, a).ShouldBe(expected, expected * 1e-6);
    }

    [Fact]
    public void Fid_FewerImagesThanFeatures_IsTheExactValue()
    {
        var (a, b) = (GoldenMetrics.Rows("fid2048.features_1"), GoldenMetrics.Rows("fid2048.features_2"));
        var expected = GoldenMetrics.Numbers.GetProperty("fid2048_few_samples").GetProperty("exact_nuclear").GetDouble();

        Fid.Distance(a, b).ShouldBe(expected, expected * 1e-4);
    }

    // On a line, 0 and 2 have mean 1 and variance 2; 1, 4 and 7 mean 4 and variance 9: (1 - 4)^2 + (sqrt 2 - 3)^2 by hand.
    [Fact]
    public void Fid_OneDimension_IsDistanceOfMeansAndDeviations() =>
        Fid.Distance(new Features([0, 2], 1), new Features([1, 4, 7], 1)).ShouldBe(9 + Math.Pow(Math.Sqrt(2) - 3, 2), 1e-12);

    // float64 sums of squares would lose all digits of a unit variance here.
    [Fact]
    public void Fid_FarFromZero_KeepsItsDigits()
    {
        const float Far = 1 << 22;
        Fid.Distance(new Features([Far - 1, Far, Far + 1], 1), new Features([Far - 2, Far, Far + 2], 1)).ShouldBe(1, 1e-9);
    }

    [Fact]
    public void Fid_SetsThatCannotBeCompared_SaysWhy()
    {
        Should.Throw<ArgumentException>(() => Fid.Distance(new Features(new float[6], 3), new Features(new float[8], 4)))
            .Message.ShouldContain("Expected 3 features, the second set has 4");
        Should.Throw<ArgumentException>(() => Fid.Distance(new Features([1, 2], 1), new Features([1], 1)))
            .Message.ShouldContain("at least 2 images in each set");
    }

    [Fact]
    public void Kid_GoldenSets_AreTheReferences()
    {
        var kid = GoldenMetrics.Numbers.GetProperty("kid");
        var (x, y) = (GoldenMetrics.Rows("fid64.features_1"), GoldenMetrics.Rows("fid64.features_2"));

        Close(Kid.SquaredMmd(x.Take(200), y.Take(200)), kid.GetProperty("mmd2_unbiased").GetDouble());
        Close(Kid.SquaredMmd(x.Take(200), y.Take(200), unbiased: false), kid.GetProperty("mmd2_biased").GetDouble());
        var subsets = Kid.OverSubsets(x, y, GoldenMetrics.Subsets("kid.subset_idx_1"), GoldenMetrics.Subsets("kid.subset_idx_2"));
        Close(subsets.Mean, kid.GetProperty("subsets10_size100").GetProperty("kernel_inception_distance_mean").GetDouble());
        Close(subsets.StandardDeviation, kid.GetProperty("subsets10_size100").GetProperty("kernel_inception_distance_std").GetDouble());
    }

    [Fact]
    public void InceptionScore_GoldenLogits_IsTheReferences()
    {
        var expected = GoldenMetrics.Numbers.GetProperty("inception_score");

        var score = InceptionScore.FromLogits(GoldenMetrics.Rows("isc.logits"));

        Close(score.Mean, expected.GetProperty("inception_score_mean").GetDouble());
        Close(score.StandardDeviation, expected.GetProperty("inception_score_std").GetDouble());
    }

    private static void Close(double actual, double expected) => actual.ShouldBe(expected, Math.Abs(expected) * 1e-5);
}
