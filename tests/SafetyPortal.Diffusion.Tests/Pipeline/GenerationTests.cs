using SafetyPortal.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion;

/// <summary>On the tiny model of the goldens.</summary>
public sealed class GenerationTests : IDisposable
{
    private static readonly GenerationSettings Two = new()
    {
        Prompts = ["a cat", "a dog"],
        Seeds = [11, 12],
        Steps = 3,
        GuidanceScale = 3,
        Height = 32,
        Width = 48,
        Scheduler = "DDIMScheduler",
    };

    private readonly StableDiffusionPipeline pipeline = StableDiffusionPipeline.Load(GoldenFolder.At("pipeline"));

    public void Dispose() => pipeline.Dispose();

    [Fact]
    public void Generate_SameSettings_GivesTheSamePixels()
    {
        var (first, second) = (pipeline.Generate(Two), pipeline.Generate(Two));

        first.Length.ShouldBe(2);
        (first[0].Width, first[0].Height, first[0].Channels).ShouldBe((48, 32, 3));
        first[0].Pixels.ShouldBe(second[0].Pixels);
        first[1].Pixels.ShouldBe(second[1].Pixels);
        first[0].Pixels.ShouldNotBe(first[1].Pixels);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(1.0)]
    public void GenerateLatents_ImageAlone_IsTheOneOfTheBatch(double eta)
    {
        using var scope = NewDisposeScope();
        var batch = pipeline.GenerateLatents(Two with { Eta = eta });
        var alone = pipeline.GenerateLatents(Two with { Prompts = ["a dog"], Seeds = [12], Eta = eta });

        allclose(batch[1], alone[0], 1e-4, 1e-4).ShouldBeTrue();
    }

    [Fact]
    public void Generate_GuidanceOfOne_CallsTheNetworkForThePromptAlone()
    {
        using var scope = NewDisposeScope();
        var plain = Two with { GuidanceScale = 1 };

        using var one = pipeline.GenerateLatents(plain);
        using var negative = pipeline.GenerateLatents(plain with { NegativePrompts = ["a house"] });

        allclose(one, negative, 0, 0).ShouldBeTrue();
    }

    [Fact]
    public void Generate_Cancelled_StopsBetweenSteps()
    {
        using var source = new CancellationTokenSource();
        var steps = new List<StepProgress>();
        var progress = new Relay(step =>
        {
            steps.Add(step);
            source.Cancel();
        });

        Should.Throw<OperationCanceledException>(() => pipeline.Generate(Two, progress, source.Token));
        steps.ShouldBe([new StepProgress(1, 3)]);
    }

    [Fact]
    public void Generate_AnyScheduler_LeavesNoTensorBehind()
    {
        foreach (var scheduler in (string[])["DDIMScheduler", "PNDMScheduler", "EulerDiscreteScheduler", "DPMSolverMultistepScheduler"])
        {
            var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            pipeline.Generate(Two with { Scheduler = scheduler, Steps = 4 });
            DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(before, scheduler);
        }
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Generate_SettingsOutOfRange_SaysWhich(GenerationSettings settings, string message) =>
        Should.Throw<ArgumentException>(() => pipeline.Generate(settings)).Message.ShouldContain(message);

    public static TheoryData<GenerationSettings, string> Wrong() => new()
    {
        { Two with { Prompts = [] }, "1 to 64 prompts, got 0" },
        { Two with { Seeds = [1] }, "2 prompts, 1 seeds" },
        { Two with { NegativePrompts = ["a", "b", "c"] }, "1 or 2 negative prompts, got 3" },
        { Two with { GuidanceScale = double.NaN }, "guidance scale" },
        { Two with { Width = 50 }, "multiples of 8" },
        { Two with { Height = 100_000 }, "up to 4096" },
        { Two with { Steps = 0 }, "1 to 1000 sampling steps" },
        { Two with { Eta = 1, Scheduler = "PNDMScheduler" }, "only DDIMScheduler" },
    };

    private sealed class Relay(Action<StepProgress> report) : IProgress<StepProgress>
    {
        public void Report(StepProgress value) => report(value);
    }
}
