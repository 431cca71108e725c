using SafetyPortal.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>Full loops with a perfect prediction: the noise that takes any x_t back to one fixed image.</summary>
public sealed class SchedulerLoopTests
{
    private static readonly SchedulerConfig Config = SchedulerConfig.StableDiffusion with { SetAlphaToOne = true };

    public static TheoryData<string, SchedulerConfig> Schedulers() => new()
    {
        { "DDIMScheduler", Config },
        { "DDIMScheduler", Config with { PredictionType = "v_prediction" } },
        { "DDIMScheduler", Config with { PredictionType = "sample" } },
        { "DDIMScheduler", Config with { TimestepSpacing = "leading" } },
        { "DDIMScheduler", Config with { TimestepSpacing = "linspace" } },
        { "DDIMScheduler", Config with { TimestepSpacing = "trailing" } },
        { "PNDMScheduler", Config },
        { "PNDMScheduler", Config with { SkipPrkSteps = false, StepsOffset = 0 } },
        { "EulerDiscreteScheduler", Config },
        { "EulerDiscreteScheduler", Config with { PredictionType = "v_prediction" } },
        { "EulerDiscreteScheduler", Config with { PredictionType = "sample" } },
        { "DPMSolverMultistepScheduler", Config },
        { "DPMSolverMultistepScheduler", Config with { PredictionType = "v_prediction" } },
        { "DPMSolverMultistepScheduler", Config with { PredictionType = "sample" } },
        { "DPMSolverMultistepScheduler", Config with { SolverOrder = 1 } },
        { "DPMSolverMultistepScheduler", Config with { SolverType = "heun" } },
        { "DPMSolverMultistepScheduler", Config with { SolverOrder = 3 } },
    };

    // With a perfect prediction every solver of the probability-flow equation must end at the image itself.
    [Theory]
    [MemberData(nameof(Schedulers))]
    public void Loop_PerfectPrediction_EndsAtTheImage(string name, SchedulerConfig config) => Walk(config.CreateScheduler(name)).ShouldBeLessThan(2e-3);

    [Fact]
    public void Loop_Multistep_LeavesNoTensorBehind()
    {
        foreach (var name in (string[])["PNDMScheduler", "DPMSolverMultistepScheduler"])
        {
            var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            Walk(Config.CreateScheduler(name));
            DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(before, name);
        }
    }

    [Fact]
    public void Step_TimestepThatIsNotPlanned_SaysSo()
    {
        using var scope = NewDisposeScope();
        var scheduler = Config.CreateScheduler("EulerDiscreteScheduler");
        scheduler.SetTimesteps(4);

        Should.Throw<ArgumentException>(() => scheduler.Step(zeros(1, 1, 2, 2), 3.5, zeros(1, 1, 2, 2))).Message.ShouldContain("3.5");
    }

    // Distance of the end of the loop from the image, largest pixel.
    private static double Walk(IScheduler scheduler)
    {
        using var outer = NewDisposeScope();
        using var generator = new Generator(7);
        var image = randn([1, 2, 4, 4], generator: generator);
        scheduler.SetTimesteps(20);
        var x = randn([1, 2, 4, 4], generator: generator) * scheduler.InitNoiseSigma;
        foreach (var t in scheduler.Timesteps)
        {
            var input = scheduler.ScaleModelInput(x, t);
            x = scheduler.Step(Predict(scheduler, input, image, t), t, x);
        }

        return (x - image).abs().max().ToDouble().Finite();
    }

    private static Tensor Predict(IScheduler scheduler, Tensor input, Tensor image, double t)
    {
        // Fractional timesteps lie between two training levels, where sigma / alpha is linear.
        var ratio = SigmaLevels.At(scheduler.Noise.Sigmas(), t);
        var alpha = 1 / Math.Sqrt((ratio * ratio) + 1);
        var sigma = ratio * alpha;
        var eps = (input - image * alpha) / sigma;
        return scheduler.Config.PredictionType switch
        {
            "epsilon" => eps,
            "sample" => image,
            _ => eps * alpha - image * sigma,
        };
    }
}
