using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Erasure.Attribution;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Tests.Attribution;

/// <summary>Attribution on models shaped like Stable Diffusion 2.x (velocity prediction) and XL (two text encoders, added conditions).</summary>
[Collection(nameof(Goldens))]
public sealed class LaterModelsTests
{
    [Theory]
    [InlineData("sd2", AttributionObjective.Erase, LatentSampler.Trajectory)]
    [InlineData("sd2", AttributionObjective.Amplify, LatentSampler.Trajectory)]
    [InlineData("sdxl", AttributionObjective.Erase, LatentSampler.Trajectory)]
    [InlineData("sdxl", AttributionObjective.Erase, LatentSampler.Restart)]
    [InlineData("sdxl", AttributionObjective.Amplify, LatentSampler.Trajectory)]
    public void Run_LaterModel_ScoresEveryFeedForwardWeight(string model, AttributionObjective objective, LatentSampler sampler)
    {
        var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var pipeline = StableDiffusionPipeline.Load(Goldens.Model(model)))
        using (var scope = NewDisposeScope())
        {
            using var result = ComponentAttribution.Run(pipeline, new AttributionSettings
            {
                Prompts = [new PromptPair("a church in the snow"), new PromptPair("a dog", "snow")],
                Objective = objective,
                Sampler = sampler,
                Steps = 3,
                Seeds = [5],
            });

            result.Scores.Count.ShouldBe(Candidates.Of(pipeline.Unet, CandidateSet.FeedForward).Count);
            foreach (var (name, score) in result.Scores)
            {
                score.isfinite().all().item<bool>().ShouldBeTrue(name);
                score.abs().sum().item<float>().ShouldBeGreaterThan(0, name);
            }
        }

        DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(live);
    }

    /// <summary>For abar = 0.25 the target is 0.5 eps - 0.866 x0 (Salimans and Ho 2022, appendix D).</summary>
    [Fact]
    public void TrainingTarget_VelocityPrediction_MixesNoiseAndOriginal()
    {
        using var scope = NewDisposeScope();
        var config = new SchedulerConfig { NumTrainTimesteps = 2, TrainedBetas = [0.75, 0.5], PredictionType = "v_prediction" };
        var noise = new NoiseSchedule(config);
        var (original, unit, first) = (tensor(new[] { 2f }).reshape(1, 1), tensor(new[] { 3f }).reshape(1, 1), tensor(new[] { 0L }));

        noise.TrainingTarget(config, original, unit, first).item<float>().ShouldBe((0.5f * 3) - (0.8660254f * 2), 1e-5f);
        noise.TrainingTarget(config with { PredictionType = "epsilon" }, original, unit, first).item<float>().ShouldBe(3f);
        noise.TrainingTarget(config with { PredictionType = "sample" }, original, unit, first).item<float>().ShouldBe(2f);
    }
}
