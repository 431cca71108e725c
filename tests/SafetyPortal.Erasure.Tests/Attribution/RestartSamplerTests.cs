using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Erasure.Attribution;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Tests.Attribution;

[Collection(nameof(Goldens))]
public sealed class RestartSamplerTests(Goldens goldens)
{
    [Fact]
    public void FirstSteps_MoreThanTheScheduleHas_Throws()
    {
        using var scope = NewDisposeScope();
        var scheduler = new DdimScheduler(goldens.Pipeline.SchedulerConfig);
        scheduler.SetTimesteps(5);

        Should.Throw<ArgumentOutOfRangeException>(() => RestartSampler.FirstSteps(
            goldens.Pipeline.Unet, scheduler, zeros(1, 4, 16, 16), zeros(2, 77, 28), 3, 6));
    }
}
