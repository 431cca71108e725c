using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Erasure.Traces;
using SafetyPortal.Images;

namespace SafetyPortal.Erasure.Tests.Traces;

[Collection(nameof(Goldens))]
public sealed class ConceptPortraitTests(Goldens goldens)
{
    private static readonly AttributionSettings Attribution = new() { Prompts = [new PromptPair("a photo of a parachute")], Steps = 2, Seeds = [0] };

    [Fact]
    public void Draw_TinyModel_SharesItsImagesAndLeavesNothingBehind()
    {
        var digest = WeightsDigest.Of(goldens.Pipeline.Unet);
        using var subject = Subject(Patch());

        var portrait = ConceptPortrait.Draw(subject, text => text.Replace(" of a parachute", string.Empty, StringComparison.Ordinal));

        portrait.Without.ShouldBe(["a photo", "a drawing"]);
        portrait.Words.ShouldBe(["parachute"]);
        portrait.Before.Count.ShouldBe(2);
        foreach (var map in portrait.MapsBefore.Concat(portrait.MapsAfter))
        {
            map.Values.ShouldAllBe(v => v >= 0 && v <= 1);
            map.Highest.ShouldBeGreaterThan(0);
        }

        var separability = portrait.Separability.ShouldNotBeNull();
        new[] { separability.MeanBefore, separability.MeanAfter, separability.TopBefore, separability.TopAfter, separability.Floor }
            .ShouldAllBe(v => v >= 0 && v <= 1);
        var outcome = ProbeCatalogue.Named(["completion"])[0].Run(subject);
        outcome.Sheet[0].Images.ShouldBeSameAs(portrait.Before);
        WeightsDigest.Of(goldens.Pipeline.Unet).ShouldBe(digest);
    }

    [Fact]
    public void Measure_EditOfTheTopWeights_LowersObjectiveAndLeavesNoTopWeightInPlace()
    {
        var digest = WeightsDigest.Of(goldens.Pipeline.Unet);
        var patch = Patch();

        var trace = WeightTrace.Measure(goldens.Pipeline, patch, Attribution);

        // Zeroed weights have a score of zero, so none of them is among the top ones again.
        trace.Jaccard.ShouldBe(0, 0.05);
        trace.TopCount.ShouldBe(patch.Count);
        trace.ObjectiveRatio.ShouldNotBeNull().ShouldBeLessThan(1);
        trace.Tensors.Count.ShouldBe(patch.Tensors.Count);
        trace.Tensors.ShouldAllBe(t => t.Touched > 0.01 && t.Touched < 0.03 && t.RelativeChange > 0 && t.Cosine < 1);
        WeightsDigest.Of(goldens.Pipeline.Unet).ShouldBe(digest);
    }

    private ProbeSubject Subject(AblationPatch patch) => new(
        goldens.Pipeline,
        patch,
        new ProbedConcept([new("a photo of a parachute", 1), new("a drawing of a parachute", 2)], [], ["parachute"]),
        new ProbeSettings
        {
            Images = 2,
            Steps = 2,
            CompletionShares = [0.5],
        },
        images => [.. images.Select(i => i.Pixels[0] > 0)]);

    private AblationPatch Patch()
    {
        using var scores = ComponentAttribution.Run(goldens.Pipeline, Attribution);
        var settings = new AblationSettings(0.02);
        return PatchBuilder.FromMask(goldens.Pipeline.Unet, MaskSelection.From(scores.Scores, settings), settings);
    }
}

public sealed class HeatMapTests
{
    [Fact]
    public void Over_HotCorner_IsYellowThereAndGreyElsewhere()
    {
        var image = new Raster(4, 4, 3, [.. Enumerable.Repeat((byte)100, 48)]);

        var drawn = new HeatMap(2, 2, [0.05f, 0.04f, 0.04f, 0.04f]).Over(image); // its own lowest and highest value are the ends of the scale

        drawn.Pixels[..3].ShouldBe(new byte[] { 255, 255, 0 }); // the centre of the hot place is beyond the first pixel, so nothing is mixed in
        drawn.Pixels[^3..].ShouldBe(new byte[] { 45, 45, 45 }); // 0.45 of the grey
    }

    [Fact]
    public void Over_FlatMap_IsGreyAllOver() =>
        new HeatMap(2, 2, [0.3f, 0.3f, 0.3f, 0.3f]).Over(new Raster(2, 2, 3, [.. Enumerable.Repeat((byte)100, 12)])).Pixels.ShouldAllBe(p => p == 45);

    [Fact]
    public void Correlation_OppositeMaps_IsMinusOne()
    {
        var map = new HeatMap(2, 1, [0, 1]);

        map.Correlation(new HeatMap(2, 1, [1, 0])).ShouldNotBeNull().ShouldBe(-1, 1e-12);
        map.Correlation(new HeatMap(2, 1, [1, 1])).ShouldBeNull();
    }
}
