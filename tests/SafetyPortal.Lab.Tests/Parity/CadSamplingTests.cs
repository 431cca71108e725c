using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Tests;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

public sealed class CadSamplingTests
{
    // 50 steps and 71 both begin at timestep 981; their strides are 20 and 14.
    [Theory]
    [InlineData(50, 3, 1)]
    [InlineData(71, 7.5, 1)]
    [InlineData(20, 3, 5)]
    [InlineData(10, 1.25, 10)]
    public void Of_FirstStepsOfARecording_FindsTheirNumberAndTheGuidance(int steps, double guidance, int recorded)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var unet = UNet2DConditionModel.Load(GoldenFolder.At("pipeline", "unet"));
        var config = SchedulerConfig.Load(GoldenFolder.At("pipeline", "scheduler"));
        using var generator = new Generator(3);
        var noise = randn([1, 4, unet.Config.SampleSize, unet.Config.SampleSize], generator: generator);
        var conditions = randn([2, 77, unet.Config.CrossAttentionDim[0]], generator: generator);
        var scheduler = new DdimScheduler(config);
        scheduler.SetTimesteps(steps);
        var first = RestartSampler.FirstSteps(unet, scheduler, noise, conditions, guidance, 1);

        var found = CadSampling.Of(unet, config, [.. scheduler.Timesteps.Take(recorded).Select(t => (long)t)], noise, first, conditions);

        found.Scheduler.Timesteps.ShouldBe(scheduler.Timesteps);
        found.Guidance.ShouldBe(guidance);
    }
}
