using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Faithfulness;
using SafetyPortal.Erasure.Methods;
using SafetyPortal.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Tests.Methods;

[Collection(nameof(Goldens))]
public sealed class EditMethodsTests(Goldens goldens)
{
    private static readonly PromptPair[] Prompts = [new("a photo of a parachute", "a photo")];

    [Fact]
    public void GradientSteps_OnTheWeightsOfAnEdit_LowerTheObjectiveAndLeaveTheModelAsItWas()
    {
        using var points = Visit(Prompts[0], 0);
        var mask = Mask(points);
        var digest = WeightsDigest.Of(goldens.Pipeline.Unet);

        var values = GradientSteps.Like(goldens.Pipeline.Unet, points, mask, steps: 40);

        WeightsDigest.Of(goldens.Pipeline.Unet).ShouldBe(digest);
        After(values, points).FixedBase.ShouldBeLessThan(points.Signal);
        values.Sum(v => v.Mask.Indices.Length).ShouldBe((int)mask.Count);
    }

    [Fact]
    public void LearnedSuppression_Fit_ShrinksWeightsWithoutTurningTheirSigns()
    {
        using var points = Visit(Prompts[0], 0);
        using var keep = Visit(new PromptPair("a photo of a cat"), 1);
        var mask = Mask(points);
        var digest = WeightsDigest.Of(goldens.Pipeline.Unet);

        var values = LearnedSuppression.Fit(goldens.Pipeline.Unet, points, keep, mask, new SuppressionSettings(Steps: 4, Rate: 0.02, Overshoot: 0));

        WeightsDigest.Of(goldens.Pipeline.Unet).ShouldBe(digest);
        After(values, points).FixedBase.ShouldBeLessThan(points.Signal);
        using var scope = NewDisposeScope();
        foreach (var item in values)
        {
            var before = goldens.Pipeline.Unet.get_parameter(item.Mask.Name)!.detach().flatten().data<float>().ToArray();
            for (var i = 0; i < item.Mask.Indices.Length; i++)
            {
                var (old, now) = (before[item.Mask.Indices[i]], item.Fill![i]);
                (now / old).ShouldBeInRange(0, 1);
            }
        }
    }

    [Fact]
    public void LearnedSuppression_WithMoreProtection_MovesKeptPredictionsLess()
    {
        using var points = Visit(Prompts[0], 0);
        using var keep = Visit(new PromptPair("a photo of a cat"), 1);
        var mask = Mask(points);

        var drifts = new[] { 0.0, 20.0 }.Select(protect =>
        {
            var values = LearnedSuppression.Fit(goldens.Pipeline.Unet, points, keep, mask, new SuppressionSettings(Steps: 6, Protect: protect));
            using var applied = AppliedPatch.Apply(goldens.Pipeline.Unet, PatchBuilder.FromValues(goldens.Pipeline.Unet, values));
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            return (goldens.Pipeline.Unet.call(keep.Latents, keep.Timesteps, keep.Conditions) - keep.Concept).square().sum().ToDouble().Finite();
        }).ToList();

        drifts[1].ShouldBeLessThan(drifts[0]);
    }

    [Theory]
    [InlineData(0, 0.15, 1, 16)]
    [InlineData(4, double.NaN, 1, 16)]
    [InlineData(4, 0.15, double.PositiveInfinity, 16)]
    [InlineData(4, 0.15, 1, 0)]
    public void LearnedSuppression_SettingsOutOfRange_AreRefused(int steps, double rate, double protect, int keepBatch)
    {
        using var points = Visit(Prompts[0], 0);
        var settings = new SuppressionSettings(steps, rate, protect, keepBatch);

        Should.Throw<ArgumentException>(() => LearnedSuppression.Fit(goldens.Pipeline.Unet, points, points, new AblationMask([]), settings))
            .Message.ShouldStartWith("Expected");
    }

    [Fact]
    public void ConceptPrune_Select_TakesSecondLinearsUpToTheCount()
    {
        using var points = Visit(Prompts[0], 0);

        var mask = ConceptPrune.Select(goldens.Pipeline.Unet, points, count: 2000);

        mask.Count.ShouldBeInRange(200, 2000);
        mask.Tensors.ShouldAllBe(t => t.Name.EndsWith("ff.net.2.weight", StringComparison.Ordinal));
        var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        ConceptPrune.Select(goldens.Pipeline.Unet, points, 2000).Overlap(mask).Jaccard.ShouldBe(1);
        DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(live);
        ConceptPrune.Select(goldens.Pipeline.Unet, points, 0).Count.ShouldBe(0);
    }

    private VisitedLatents Visit(PromptPair prompt, long seed) =>
        VisitedLatents.Visit(goldens.Pipeline, [prompt], seed, new VisitSettings(PerPrompt: 2, Steps: 4));

    /// <summary>The weights with the highest scores at the points themselves.</summary>
    private AblationMask Mask(VisitedLatents points)
    {
        points.Count.ShouldBe(2);
        using var attribution = ComponentAttribution.Run(goldens.Pipeline, new AttributionSettings { Prompts = Prompts, Steps = 4, Seeds = [0] });
        return MaskSelection.From(attribution.Scores, new AblationSettings(0.02));
    }

    private ObjectiveValue After(IReadOnlyList<PatchTensor> values, VisitedLatents points)
    {
        using var applied = AppliedPatch.Apply(goldens.Pipeline.Unet, PatchBuilder.FromValues(goldens.Pipeline.Unet, values));
        return points.Objective();
    }
}
