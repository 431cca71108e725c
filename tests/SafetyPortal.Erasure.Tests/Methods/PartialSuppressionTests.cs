using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Faithfulness;
using SafetyPortal.Erasure.Methods;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Tests.Methods;

[Collection(nameof(Goldens))]
public sealed class PartialSuppressionTests(Goldens goldens)
{
    private const string Ff = "down_blocks.0.attentions.0.transformer_blocks.0.ff.net.2.weight";
    private static readonly PromptPair[] Prompts = [new("a photo of a parachute", "a photo")];

    [Fact]
    public void FromMask_ScaleFill_LeavesThatPartOfEveryWeight()
    {
        var values = Filled(new AblationSettings(0.01, Fill: AblationFill.Scale, Scale: 0.25), 3, 70);

        var old = Weights();
        values.ShouldBe([old[3] * 0.25f, old[70] * 0.25f]);
    }

    [Fact]
    public void FromMask_MeanFill_WritesTheMeanOfTheRowsOtherWeights()
    {
        var values = Filled(new AblationSettings(0.01, Fill: AblationFill.Mean), 3, 10, 70);

        // The weight is [16, 64]: 3 and 10 are in the first row, 70 in the second.
        var old = Weights();
        var first = Enumerable.Range(0, 64).Where(i => i is not (3 or 10)).Average(i => (double)old[i]);
        var second = Enumerable.Range(64, 64).Where(i => i != 70).Average(i => (double)old[i]);
        values[0].ShouldBe((float)first, 1e-7);
        values[1].ShouldBe((float)first, 1e-7);
        values[2].ShouldBe((float)second, 1e-7);
    }

    [Theory]
    [InlineData("zero", "zero")]
    [InlineData("noise", "noise:0.01")]
    [InlineData("noise:0.5", "noise:0.5")]
    [InlineData("Scale:0.25", "scale:0.25")]
    [InlineData("mean", "mean")]
    public void FillText_Apply_ReadsWhatOfWrites(string text, string written) =>
        FillText.Of(FillText.Apply(new AblationSettings(0.01), text)).ShouldBe(written);

    [Theory]
    [InlineData("half")]
    [InlineData("scale")]
    [InlineData("scale:1.5")]
    [InlineData("noise:-1")]
    [InlineData("zero:1")]
    [InlineData("noise:NaN")]
    [InlineData("scale:0,5")]
    public void FillText_Apply_OfAnythingElse_NamesTheFills(string text) =>
        Should.Throw<ArgumentException>(() => FillText.Apply(new AblationSettings(0.01), text))
            .Message.ShouldContain($"scale:FACTOR (0 to 1), got \"{text}\"");

    [Fact]
    public void ProtectedScores_Subtract_LowersWhatAConceptToKeepNeeds()
    {
        using var attribution = Attribute();
        using var scope = NewDisposeScope();

        // The concept to keep is the concept itself: at weight 1 every positive score is gone, every negative one as it was.
        var left = ProtectedScores.Subtract(attribution.Scores, [attribution], weight: 1);

        left.Select(s => s.Name).ShouldBe(attribution.Scores.Select(s => s.Name));
        foreach (var ((_, was), (_, now)) in attribution.Scores.Zip(left))
        {
            (now - was.clamp(max: 0)).abs().max().item<float>().ShouldBeLessThan(1e-6f * was.abs().max().item<float>());
        }
    }

    [Fact]
    public void ProtectedScores_OfOtherWeights_SayWhichAreMissing()
    {
        using var attribution = Attribute();
        using var foreign = tensor(new float[] { 1, 2 }, [1, 2]);

        Should.Throw<ArgumentException>(() => ProtectedScores.Subtract([("elsewhere", foreign)], [attribution], 1)).Message.ShouldContain("elsewhere");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void ProtectedScores_WeightThatIsNone_IsRefused(double weight)
    {
        using var attribution = Attribute();

        Should.Throw<ArgumentOutOfRangeException>(() => ProtectedScores.Subtract(attribution.Scores, [attribution], weight));
    }

    [Fact]
    public void PosteriorSuppression_Fit_ShrinksWholeColumnsAndLeavesTheModelAsItWas()
    {
        using var points = Visit("a photo of a parachute");
        using var keep = Visit("a photo of a cat");
        var digest = WeightsDigest.Of(goldens.Pipeline.Unet);
        var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        var values = PosteriorSuppression.Fit(goldens.Pipeline.Unet, points, keep, share: 0.1);

        WeightsDigest.Of(goldens.Pipeline.Unet).ShouldBe(digest);
        DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(live);
        values.ShouldAllBe(t => t.Mask.Name.EndsWith("ff.net.2.weight", StringComparison.Ordinal));
        var item = values.Single(t => t.Mask.Name == Ff);
        var columns = item.Mask.Indices.Select(i => i % 64).Distinct().ToList();
        columns.Count.ShouldBeInRange(1, 6); // a tenth of 64
        item.Mask.Indices.ShouldBe(Enumerable.Range(0, 16).SelectMany(row => columns.Select(column => (row * 64) + column)));
        var old = Weights();

        // One factor a column, of 1 less a posterior above the prior of a half.
        var factors = item.Mask.Indices.Zip(item.Fill!).GroupBy(p => p.First % 64, p => p.Second / old[p.First]);
        foreach (var column in factors)
        {
            (column.Max() - column.Min()).ShouldBeLessThan(1e-4f);
            column.Max().ShouldBeInRange(0, 0.5f);
        }
    }

    private VisitedLatents Visit(string prompt) =>
        VisitedLatents.Visit(goldens.Pipeline, [new PromptPair(prompt, "a photo")], 0, new VisitSettings(PerPrompt: 2, Steps: 4));

    private AttributionResult Attribute() =>
        ComponentAttribution.Run(goldens.Pipeline, new AttributionSettings { Prompts = Prompts, Steps = 2, Seeds = [0] });

    private float[] Weights()
    {
        using var scope = NewDisposeScope();
        return goldens.Pipeline.Unet.get_parameter(Ff)!.detach().flatten().data<float>().ToArray();
    }

    private float[] Filled(AblationSettings settings, params long[] indices) =>
        PatchBuilder.FromMask(goldens.Pipeline.Unet, new AblationMask([new TensorMask(Ff, [16, 64], indices)]), settings)
            .Tensors.Single().Fill.ShouldNotBeNull();
}
