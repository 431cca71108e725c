using SafetyPortal.Diffusion;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Faithfulness;
using SafetyPortal.Erasure.RedTeam;
using TorchSharp;

namespace SafetyPortal.Erasure.Tests.Faithfulness;

[Collection(nameof(Goldens))]
public sealed class FaithfulnessCheckTests(Goldens goldens)
{
    private static readonly FaithfulnessSettings Small = new() { Ablations = 8, Points = 1, Rows = 3, CoarMasks = 4, Smallest = 20 };

    [Fact]
    public void Run_TinyModel_MeasuresAndLeavesTheModelAsItWas()
    {
        var unet = goldens.Pipeline.Unet;
        var digest = WeightsDigest.Of(unet);
        using var attribution = Attribute();

        var report = FaithfulnessCheck.Run(goldens.Pipeline, attribution, Small);

        WeightsDigest.Of(unet).ShouldBe(digest);
        report.Trials.Count.ShouldBe(8);
        report.Sampling.ShouldContain("sets of 20 to 9600 of 192000 weights");
        report.Trials.ShouldAllBe(t => t.Weights >= 20 && t.Weights <= 9600 && double.IsFinite(t.Measured)); // 5 % of 192,000
        report.Trials.Where(t => t.Draw == AblationDraw.High).ShouldAllBe(t => t.Predicted > 0);
        report.Trials.Where(t => t.Draw == AblationDraw.Low).ShouldAllBe(t => t.Predicted < 0);
        report.Exact.ShouldNotBeNull().Rows.Count.ShouldBe(3);
        report.Coar.ShouldNotBeNull().Evaluations.ShouldBe(4);
        FaithfulnessCheck.Run(goldens.Pipeline, attribution, Small).Trials.ShouldBe(report.Trials);
    }

    // A sum of 2 x 1,024 squares in bfloat16's eight bits would be off by percents.
    [Fact]
    public void Visit_NetworkInHalfPrecision_KeepsLatentsAndSumsInFloat32()
    {
        using var half = StableDiffusionPipeline.Load(Goldens.PipelineFolder, dtype: torch.ScalarType.BFloat16);
        using var points = VisitedLatents.Visit(
            half, [new PromptPair("a photo of a parachute", "a photo")], seed: 0, new VisitSettings(PerPrompt: 2, Steps: 2));

        new[] { points.Latents, points.Concept, points.Baseline }.Select(t => t.dtype).ShouldAllBe(type => type == torch.ScalarType.Float32);
        points.Objective().Both.ShouldBe(points.Signal, points.Signal * 1e-4);
        using var scope = torch.NewDisposeScope();
        new GuidedWalk(half, 2, 3).Noise([1, 2]).dtype.ShouldBe(torch.ScalarType.Float32);
    }

    [Fact]
    public void Objective_AfterZeroingFewWeights_FallsByTheirScores()
    {
        // To first order the fall is the sum of the scores; few weights of middling score keep the rest small. One point, so that scores and J are at
        // the same latent.
        using var attribution = Attribute(steps: 1);
        using var points = VisitedLatents.Visit(
            goldens.Pipeline, attribution.Summary.Settings.Prompts, seed: 0, new VisitSettings(PerPrompt: 1, Steps: 1));
        var weights = new EditableWeights(goldens.Pipeline.Unet, attribution.Scores);
        long[] chosen = [.. weights.Extremes(0.25).High.Take(5).Order()];
        var before = points.Objective().FixedBase;

        double measured;
        using (weights.Zero(chosen))
            measured = before - points.Objective().FixedBase;

        before.ShouldBe(points.Signal, points.Signal * 1e-5);
        measured.ShouldBe(weights.ScoreOf(chosen), Math.Abs(weights.ScoreOf(chosen)) * 0.5);
    }

    /// <summary>
    /// The base is the concept itself. With both predictions moving J stays 0 under any ablation; with the base kept every change of the prediction
    /// raises it.
    /// </summary>
    [Fact]
    public void Run_BaseIsTheConceptItself_OnlyTheKeptBaseSeesTheAblation()
    {
        // The same to the tokenizer, which attribution itself refuses.
        using var attribution = Attribute();
        using var itself = new AttributionResult(
            [.. attribution.Scores],
            attribution.Summary with
            {
                Settings = attribution.Summary.Settings with { Prompts = [new PromptPair("a photo of a parachute", "A PHOTO of a parachute")] },
            });

        var report = FaithfulnessCheck.Run(goldens.Pipeline, itself, Small);

        report.Trials.ShouldAllBe(t => Math.Abs(t.Measured) < 1e-6 && t.FixedBase < -1e-6);
        report.Exact.ShouldNotBeNull().Rows.ShouldAllBe(r => Math.Abs(r.Measured) < 1e-6 && r.FixedBase < 0);
        report.Coar.ShouldNotBeNull().Rows.ShouldAllBe(r => Math.Abs(r.Measured) < 1e-6);
    }

    [Fact]
    public void Fit_MasksOfKnownWorth_FindsIt()
    {
        // J = 10 - 2 a - 1 b + 3 c over all eight masks of three rows: worked out by hand.
        var design = new double[8, 3];
        var values = new double[8];
        for (var mask = 0; mask < 8; mask++)
        {
            for (var row = 0; row < 3; row++)
                design[mask, row] = (mask >> row) & 1;
            values[mask] = 10 - (2 * design[mask, 0]) - design[mask, 1] + (3 * design[mask, 2]);
        }

        var worth = RowTrials.Fit(design, values);

        worth[0].ShouldBe(2, 0.01);
        worth[1].ShouldBe(1, 0.01);
        worth[2].ShouldBe(-3, 0.01);
    }

    [Fact]
    public void Run_NoPoints_SaysWhatWasExpected()
    {
        using var attribution = Attribute();

        Should.Throw<ArgumentException>(() => FaithfulnessCheck.Run(goldens.Pipeline, attribution, Small with { Points = 0 }))
            .Message.ShouldContain("evaluation points");
    }

    [Theory]
    [InlineData(double.NaN, 1)]
    [InlineData(0.5, 0.5)]
    [InlineData(0, 1.5)]
    public void Visit_WindowThatIsNoPartOfTheTrajectory_IsRefused(double from, double to) =>
        Should.Throw<ArgumentException>(() => VisitedLatents.Visit(goldens.Pipeline, [new PromptPair("a")], 0, new VisitSettings(1, Window: (from, to))))
            .Message.ShouldContain("Expected a part of the trajectory");

    private AttributionResult Attribute(int steps = 2) => ComponentAttribution.Run(goldens.Pipeline, new AttributionSettings
    {
        Prompts = [new PromptPair("a photo of a parachute")],
        Steps = steps,
        Seeds = [0],
    });
}
