using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Erasure.Attribution;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Tests.Attribution;

[Collection(nameof(Goldens))]
public sealed class RestartSamplerTests(Goldens goldens)
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(25)]
    [InlineData(50)]
    public void FirstSteps_GivenNoise_MatchesReferenceLatent(int count)
    {
        using var scope = NewDisposeScope();
        var scheduler = new DdimScheduler(goldens.Pipeline.SchedulerConfig);
        scheduler.SetTimesteps(50);

        var latent = RestartSampler.FirstSteps(
            goldens.Pipeline.Unet,
            scheduler,
            goldens.Read("erase.init_noise").narrow(0, count - 1, 1),
            goldens.Read("erase.sampler_embeddings_uncond_cond"),
            guidanceScale: 3,
            count);

        Goldens.MaxError(latent, goldens.Read("erase.z").narrow(0, count - 1, 1)).ShouldBeLessThan(5e-3);
    }

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
