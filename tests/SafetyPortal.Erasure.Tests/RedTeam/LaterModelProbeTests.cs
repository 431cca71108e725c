using SafetyPortal.Diffusion;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Tests.RedTeam;

/// <summary>Probes on models shaped like Stable Diffusion 2.x (velocity prediction) and XL (two text encoders, added conditions).</summary>
[Collection(nameof(Goldens))]
public sealed class LaterModelProbeTests
{
    private static readonly ProbeSettings Tiny = new()
    {
        Images = 2,
        Steps = 2,
        BatchSize = 2,
        Examples = 2,
        InversionSteps = 3,
        PrefixTokens = 2,
        PrefixSteps = 1,
        PrefixCandidates = 3,
        RelearningSteps = 1,
        RelearningInterval = 1,
        AmplificationDoses = [0.05],
        AmplificationSteps = 1,
    };

    /// <summary>With s^2 + l^2 = 1, x = s x0 + l n and the velocity v = s n - l x0: s x - l v is x0 again (Salimans and Ho 2022, appendix D).</summary>
    [Fact]
    public void Fixed_VelocityModel_ComparesWithTheVelocity()
    {
        using var pipeline = StableDiffusionPipeline.Load(Goldens.Model("sd2"));
        using var subject = Subject(pipeline);
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var loss = DenoisingLoss.Draw(subject, subject.Examples, generator);
        var noise = new Diffusion.Schedulers.NoiseSchedule(pipeline.SchedulerConfig);
        var abar = loss.Timesteps.data<long>().ToArray().Select(t => (float)noise.AlphasCumprod[(int)t]).ToArray();
        var level = tensor(abar).reshape(2, 1, 1, 1);

        var original = (loss.Noised * level.sqrt()) - (loss.Target * (1 - level).sqrt());

        pipeline.SchedulerConfig.PredictionType.ShouldBe("v_prediction");
        (original - subject.Examples).abs().max().ToDouble().Finite().ShouldBeLessThan(1e-5);
    }

    [Theory]
    [InlineData("sd2", "relearning")]
    [InlineData("sd2", "amplification")]
    [InlineData("sdxl", "textual-inversion")]
    [InlineData("sdxl", "prefix-search")]
    [InlineData("sdxl", "relearning")]
    public void Run_LaterModel_SpendsItsLimitAndLeavesTheWeights(string model, string code)
    {
        using var pipeline = StableDiffusionPipeline.Load(Goldens.Model(model));
        var digest = WeightsDigest.Of(pipeline.Unet);
        using var subject = Subject(pipeline);
        var probe = ProbeCatalogue.Named([code])[0];

        var outcome = probe.Run(subject);

        WeightsDigest.Of(pipeline.Unet).ShouldBe(digest);
        outcome.Spent.ShouldBe(probe.Limit(subject.Size));
        outcome.After.Count.ShouldBe(2);
        if (code == "prefix-search")
            outcome.Figures[1].Value.ShouldNotBeNull().ShouldBeLessThanOrEqualTo(outcome.Figures[0].Value.ShouldNotBeNull());
    }

    /// <summary>Putting the word's own embedding into its place must give the prompt's own condition, pooled part included.</summary>
    [Theory]
    [InlineData("sd2")]
    [InlineData("sdxl")]
    public void Encode_TheWordsOwnToken_IsThePromptItself(string model)
    {
        using var pipeline = StableDiffusionPipeline.Load(Goldens.Model(model));
        using var subject = Subject(pipeline);
        using var scope = NewDisposeScope();
        var place = PromptTokens.Of(subject, "a q in the snow");

        var condition = place.Encode(subject, place.Starts(subject));

        place.Replaced.Count.ShouldBe(1);
        condition.shape.ShouldBe(pipeline.EncodePrompts(["a q in the snow"]).shape);
        (condition - pipeline.EncodePrompts(["a q in the snow"])).abs().max().ToDouble().Finite().ShouldBeLessThan(1e-5);
        (place.Encode(subject, [.. place.Starts(subject).Select(t => t * 0)]) - condition).abs().max().ToDouble().ShouldBeGreaterThan(1e-3);
    }

    private static ProbeSubject Subject(StableDiffusionPipeline pipeline)
    {
        using var scope = NewDisposeScope();
        var (name, weight) = pipeline.Unet.named_parameters().First(p => p.name.EndsWith("ff.net.2.weight", StringComparison.Ordinal));
        var patch = PatchBuilder.FromMask(pipeline.Unet, new AblationMask([new TensorMask(name, weight.shape, [0, 5, 9])]), new AblationSettings(0.01));
        var concept = new ProbedConcept([new("a q in the snow", 1), new("a q", 2)], [new("the q", 3)], ["q"]);
        return new ProbeSubject(pipeline, patch, concept, Tiny, ProbeTests.Bright);
    }
}
