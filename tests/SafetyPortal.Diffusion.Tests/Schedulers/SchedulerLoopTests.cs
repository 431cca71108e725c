using SafetyPortal.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>Full loops with a network that knows the answer: the noise that takes any x_t back to one fixed image.</summary>
public sealed class SchedulerLoopTests
{
    private static readonly SchedulerConfig Config = SchedulerConfig.StableDiffusion with { SetAlphaToOne = true };

    public static TheoryData<string, string> Schedulers() => new()
    {
        { "DDIMScheduler", "epsilon" },
        { "DDIMScheduler", "v_prediction" },
        { "DDIMScheduler", "sample" },
        { "PNDMScheduler", "epsilon" },
        { "EulerDiscreteScheduler", "epsilon" },
        { "EulerDiscreteScheduler", "v_prediction" },
        { "EulerDiscreteScheduler", "sample" },
        { "DPMSolverMultistepScheduler", "epsilon" },
        { "DPMSolverMultistepScheduler", "v_prediction" },
        { "DPMSolverMultistepScheduler", "sample" },
    };

    // With a perfect prediction every solver of the probability-flow equation must end at the image itself.
    [Theory]
    [MemberData(nameof(Schedulers))]
    public void Loop_PerfectPrediction_EndsAtTheImage(string name, string prediction)
    {
        var end = Walk((Config with { PredictionType = prediction }).CreateScheduler(name));

        end.ShouldBeLessThan(2e-3);
    }

    [Theory]
    [InlineData(1, "midpoint")]
    [InlineData(2, "heun")]
    [InlineData(3, "midpoint")]
    public void Loop_DpmSolverOrders_EndAtTheImage(int order, string type)
        => Walk((Config with { SolverOrder = order, SolverType = type }).CreateScheduler("DPMSolverMultistepScheduler")).ShouldBeLessThan(2e-3);

    [Fact]
    public void Loop_PndmWithRungeKuttaSteps_EndsAtTheImage()
        => Walk(new PndmScheduler(Config with { SkipPrkSteps = false, StepsOffset = 0 })).ShouldBeLessThan(2e-3);

    [Theory]
    [InlineData("leading")]
    [InlineData("linspace")]
    [InlineData("trailing")]
    public void Loop_EverySpacing_EndsAtTheImage(string spacing)
        => Walk((Config with { TimestepSpacing = spacing }).CreateScheduler("DDIMScheduler")).ShouldBeLessThan(2e-3);

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
        var (alpha, sigma) = Level(scheduler, t);
        var eps = (input - image * alpha) / sigma;
        return scheduler.Config.PredictionType switch
        {
            "epsilon" => eps,
            "sample" => image,
            _ => eps * alpha - image * sigma,
        };
    }

    // Fractional timesteps lie between two training levels; sigma / alpha is linear there.
    private static (double Alpha, double Sigma) Level(IScheduler scheduler, double t)
    {
        var ratio = SigmaLevels.At(scheduler.Noise.Sigmas(), t);
        var alpha = 1 / Math.Sqrt((ratio * ratio) + 1);
        return (alpha, ratio * alpha);
    }
}
