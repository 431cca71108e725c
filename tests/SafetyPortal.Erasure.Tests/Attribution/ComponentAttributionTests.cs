using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Tests.Attribution;

[Collection(nameof(Goldens))]
public sealed class ComponentAttributionTests(Goldens goldens)
{
    private static readonly AttributionSettings Small = new()
    {
        Prompts = [new PromptPair("a photo of a parachute")],
        Steps = 3,
        Seeds = [0, 1],
    };

    public static TheoryData<AttributionObjective, LatentSampler, string> Ways => new()
    {
        { AttributionObjective.Erase, LatentSampler.Trajectory, "" },
        { AttributionObjective.Erase, LatentSampler.Trajectory, "a photo" },
        { AttributionObjective.Erase, LatentSampler.Restart, "a photo" },
        { AttributionObjective.Amplify, LatentSampler.Trajectory, "" },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public void Run_AnyWay_ScoresEveryCandidateAndLeavesNothingBehind(AttributionObjective objective, LatentSampler sampler, string basePrompt)
    {
        var unet = goldens.Pipeline.Unet;
        var digest = WeightsDigest.Of(unet);
        var flags = unet.parameters().Select(p => p.requires_grad).ToList();
        var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var settings = Small with
        {
            Objective = objective,
            Sampler = sampler,
            Prompts = [new PromptPair("a photo of a parachute", basePrompt), new PromptPair("a drawing of a parachute", basePrompt)],
        };

        var steps = new List<AttributionProgress>();
        using (var result = ComponentAttribution.Run(goldens.Pipeline, settings, new Collector<AttributionProgress>(steps)))
        {
            result.Scores.Count.ShouldBe(32); // feed-forward matrices of the tiny model, ablation.json
            result.Scores.Select(s => s.Name).ShouldBe(Candidates.Of(unet, CandidateSet.FeedForward).Select(c => c.Name));
            using var look = NewDisposeScope();
            result.Scores.ShouldAllBe(s => s.Score.abs().max().ToDouble() > 0);
            result.Summary.Components.ShouldBe(192_000);
            result.Summary.Timesteps.Count.ShouldBe(3);
            result.Summary.Layers.Sum(l => l.Positive).ShouldBeGreaterThan(0);
            result.Summary.Stability.ShouldNotBeNull().ShouldBeInRange(-1, 1);
        }

        steps.Select(s => s.Step).ShouldBe(Enumerable.Range(1, 6));
        steps.ShouldAllBe(s => s.Steps == 6 && s.Objective > 0);
        GC.Collect();
        DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(live);
        WeightsDigest.Of(unet).ShouldBe(digest);
        unet.parameters().Select(p => p.requires_grad).ShouldBe(flags);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Run_WithCheckpointing_ScoresAsWithout(AttributionObjective objective, LatentSampler sampler, string basePrompt)
    {
        var prompts = new PromptPair("a photo of a parachute", basePrompt);
        var settings = Small with { Objective = objective, Sampler = sampler, Prompts = [prompts], Seeds = [0] };
        using var kept = ComponentAttribution.Run(goldens.Pipeline, settings);
        var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var again = ComponentAttribution.Run(goldens.Pipeline, settings with { Checkpointing = true }))
        {
            // Two float32 sums of the same terms in another order.
            again.Scores.Zip(kept.Scores, (a, b) => Goldens.RelativeError(a.Score, b.Score)).ShouldAllBe(error => error <= 1e-4);
        }

        DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(live);
    }

    [Fact]
    public void Run_Twice_GivesTheSameBytes()
    {
        var folder = Directory.CreateTempSubdirectory();
        var files = new[] { "a", "b" }.Select(n => Path.Combine(folder.FullName, n)).ToList();
        foreach (var file in files)
        {
            using var result = ComponentAttribution.Run(goldens.Pipeline, Small);
            result.Save(file);
        }

        File.ReadAllBytes(files[0]).ShouldBe(File.ReadAllBytes(files[1]));
        using var back = AttributionResult.Load(files[0]);
        back.Scores.Count.ShouldBe(32);
        back.Summary.Settings.Prompts.ShouldBe(Small.Prompts);
        folder.Delete(recursive: true);
    }

    [Fact]
    public void Run_OneBatchOrTwo_DrawsOtherNoiseForThePromptsAfterTheFirstBatch()
    {
        PromptPair[] prompts = [new("a photo of a parachute", "a photo"), new("a drawing of a parachute", "a drawing")];
        using var together = ComponentAttribution.Run(goldens.Pipeline, Small with { Prompts = prompts, BatchSize = 2 });
        using var wider = ComponentAttribution.Run(goldens.Pipeline, Small with { Prompts = prompts, BatchSize = 8 });
        using var apart = ComponentAttribution.Run(goldens.Pipeline, Small with { Prompts = prompts, BatchSize = 1 });

        wider.Scores.Zip(together.Scores, (a, b) => Goldens.RelativeError(a.Score, b.Score)).ShouldAllBe(error => error <= 1e-6);
        apart.Scores.Zip(together.Scores, (a, b) => Goldens.RelativeError(a.Score, b.Score)).Max().ShouldBeGreaterThan(1e-3);
    }

    [Theory]
    [InlineData("a dog", "A  Dog ")]
    [InlineData("a dog, a dog", "a dog , a DOG")]
    public void Run_BaseThatTheModelReadsAsTheConcept_SaysThatScoresWouldBeZero(string concept, string basePrompt) =>
        Should.Throw<ArgumentException>(() => ComponentAttribution.Run(
                goldens.Pipeline, Small with { Prompts = [new PromptPair("a cat"), new PromptPair(concept, basePrompt)] }))
            .Message.ShouldContain($"base prompt \"{basePrompt}\" as it reads the concept prompt \"{concept}\"");

    [Fact]
    public void Stability_ScoresWithoutSpread_IsNullAndNotANumberThatNoFileHolds()
    {
        var candidates = Candidates.Of(goldens.Pipeline.Unet, CandidateSet.FeedForward);
        using var average = new ScoreAverage(candidates, 2);
        for (var seed = 0; seed < 2; seed++)
        {
            using var untouched = new ScoreAccumulator(candidates, 1);
            average.Take(untouched);
        }

        average.Stability().ShouldBeNull();
    }

    [Fact]
    public void Run_Cancelled_ThrowsAndLeavesNothingBehind()
    {
        var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using var cancellation = new CancellationTokenSource();
        var seen = new List<AttributionProgress>();

        Should.Throw<OperationCanceledException>(() => ComponentAttribution.Run(
            goldens.Pipeline, Small with { Steps = 50 }, new Collector<AttributionProgress>(seen, cancellation.Cancel), cancellation.Token));

        seen.Count.ShouldBe(1);
        DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(live);
        goldens.Pipeline.Unet.parameters().ShouldAllBe(p => object.Equals(p.grad, null));
    }

    public static TheoryData<AttributionSettings, string> Refused => new()
    {
        { Small with { Prompts = [new PromptPair("a dog", "a dog")] }, "every score would be zero" },
        { Small with { GuidanceScale = double.NaN }, "guidance scale of 1 to 1000, got NaN" },
        { Small with { GuidanceScale = double.PositiveInfinity }, "guidance scale of 1 to 1000" },
        { Small with { Seeds = [3, 5, 3] }, "different seeds, 3 occurs several times" },
        { Small with { Sampler = (LatentSampler)7 }, "sampler trajectory or restart, got 7" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Run_SettingsOutOfRange_AreRefused(AttributionSettings settings, string message) =>
        Should.Throw<ArgumentException>(() => ComponentAttribution.Run(goldens.Pipeline, settings)).Message.ShouldContain(message);

    [Fact]
    public void Load_SettingsThatNoAttributionHas_AreRefused()
    {
        var file = Path.GetTempFileName();
        using var scores = ComponentAttribution.Run(goldens.Pipeline, Small with { Steps = 1, Seeds = [0] });
        using (var forged = new AttributionResult([.. scores.Scores], scores.Summary with { Settings = Small with { Steps = 0 } }))
            forged.Save(file);

        Should.Throw<InvalidDataException>(() => AttributionResult.Load(file)).Message.ShouldContain("Expected 1 to 1000 attribution steps, got 0");
        File.Delete(file);
    }

    [Fact]
    public void Run_WithAttention_AddsTheProjections()
    {
        using var result = ComponentAttribution.Run(
            goldens.Pipeline, Small with { Steps = 1, Seeds = [0], Candidates = CandidateSet.FeedForwardAndAttention });

        // 16 transformer blocks with 2 feed-forward matrices and 2 x 4 attention projections each.
        result.Scores.Count.ShouldBe(160);
        result.Summary.Stability.ShouldBeNull();
    }
}
