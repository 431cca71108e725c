using TorchSharp;

namespace SafetyPortal.Evaluation;

/// <summary>Distances of pairs: values by hand, intervals against the spread of sets that were really drawn again.</summary>
public sealed class PairedFeaturesTests
{
    // x = 0, 1 and y = 1, 2 with k(a, b) = (ab + 1)^3: k(0, 1) + k(1, 2) - k(0, 2) - k(1, 1) = 1 + 27 - 1 - 8.
    [Fact]
    public void KernelDistance_TwoPairs_IsTheSumByHand() => Pairs([0, 1], [1, 2], 1).KernelDistance(seed: 0).Value.ShouldBe(19, 1e-12);

    // More pairs than the kernel matrix may hold are summed some rows at a time.
    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(40)]
    [InlineData(1000)]
    public void MeanByRows_AnyNumberOfRows_IsTheMeanOfTheWholeMatrix(int rows)
    {
        var pairs = new PairedFeatures(GoldenMetrics.Rows("fid64.features_1").Take(40), GoldenMetrics.Rows("fid64.features_2").Take(40));
        var whole = pairs.KernelDistance(seed: 0).Value;

        pairs.MeanByRows(rows).ShouldBe(whole, Math.Abs(whole) * 1e-9);
    }

    [Fact]
    public void Distances_EqualImages_AreExactlyNothing()
    {
        var same = GoldenMetrics.Rows("fid64.features_1").Take(40);
        var pairs = new PairedFeatures(same, same);

        pairs.KernelDistance(seed: 0).ShouldBe(new BootstrapEstimate(0, (0, 0), 40, 1000));
        var frechet = pairs.FrechetDistance(seed: 0);
        frechet.Value.ShouldBe(0, 1e-9);
        frechet.Interval!.Value.High.ShouldBe(0, 1e-9);
    }

    // Each distinct image counts as often as it was drawn: the same distance as that of the images repeated.
    [Theory]
    [InlineData(30)] // fewer images than the 64 features
    [InlineData(150)]
    public void FidDistance_RowsThatCountSeveralTimes_IsThatOfTheRepeatedImages(int n)
    {
        var (before, after) = (GoldenMetrics.Rows("fid64.features_1").Take(n), GoldenMetrics.Rows("fid64.features_2").Take(n));
        var random = new Random(2);
        int[] drawn = [.. Enumerable.Range(0, n).Select(_ => random.Next(n))];
        var expected = Fid.Distance(before.Select(drawn), after.Select(drawn));
        var counted = drawn.CountBy(i => i).ToList();
        int[] distinct = [.. counted.Select(c => c.Key)];
        using var scope = torch.NewDisposeScope();
        var counts = torch.tensor(counted.Select(c => (double)c.Value).ToArray()).reshape(-1, 1);

        Fid.Distance(before.Select(distinct).ToTensor(), counts, after.Select(distinct).ToTensor(), counts).ShouldBe(expected, expected * 1e-6);
    }

    // What the interval should be as wide as: 1.96 standard deviations to either side, over 300 sets drawn anew from the same distributions.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Interval_ManySetsDrawnAnew_IsAsWideAsTheirSpread(bool frechet)
    {
        var random = new Random(5);
        var sets = Enumerable.Range(0, 300).Select(_ => Shifted(random, count: 80)).ToList();
        BootstrapEstimate Of(PairedFeatures pairs) => frechet ? pairs.FrechetDistance(seed: 1) : pairs.KernelDistance(seed: 1);
        var values = sets.Select(s => frechet ? Plain(s.Before, s.After) : Of(new(s.Before, s.After)).Value).ToList();
        var mean = values.Average();
        var spread = Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));

        var estimates = sets.Take(12).Select(s => Of(new(s.Before, s.After))).ToList();

        estimates.Average(e => (e.Interval!.Value.High - e.Interval.Value.Low) / (2 * 1.96)).ShouldBe(spread, 0.2 * spread);
        estimates.Count(e => e.Interval!.Value.Low <= mean && mean <= e.Interval.Value.High).ShouldBeGreaterThanOrEqualTo(10);
        estimates.ShouldAllBe(e => e.N == 80 && e.Resamples == 1000);
    }

    [Theory]
    [InlineData(84, 96, 1000)]
    [InlineData(400, 2048, 200)]
    [InlineData(2000, 96, 200)]
    [InlineData(2000, 2048, 0)]
    public void FrechetResamples_FollowWhatOneCosts(int images, int features, int resamples)
    {
        var same = new Features(new float[images * features], features);
        new PairedFeatures(same, same).FrechetResamples.ShouldBe(resamples);
    }

    [Fact]
    public void FrechetDistance_TooWideToResample_HasNoInterval()
    {
        var random = new Random(1);
        Features Random() => new([.. Enumerable.Range(0, 600 * 400).Select(_ => (float)random.NextDouble())], 400);

        var estimate = new PairedFeatures(Random(), Random()).FrechetDistance(seed: 0);

        (estimate.Interval, estimate.Resamples, estimate.N).ShouldBe((null, 0, 600));
        estimate.Value.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Constructor_OtherNumberOfImages_SaysSo() =>
        Should.Throw<ArgumentException>(() => Pairs([0, 1], [1, 2, 3], 1)).Message.ShouldContain("got 2 images of 1 features and 3 of 1");

    private static double Plain(Features before, Features after) => Fid.Distance(before, after);

    // An edit that moves every image by about one standard deviation in the first of three features.
    private static (Features Before, Features After) Shifted(Random random, int count)
    {
        var (before, after) = (new float[count * 3], new float[count * 3]);
        for (var i = 0; i < before.Length; i++)
        {
            before[i] = Normal(random);
            after[i] = before[i] + (0.5f * Normal(random)) + (i % 3 == 0 ? 1 : 0);
        }

        return (new(before, 3), new(after, 3));
    }

    private static float Normal(Random random) => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));

    private static PairedFeatures Pairs(float[] before, float[] after, int dimension) => new(new(before, dimension), new(after, dimension));
}
