using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Diffusion.Tests.References;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Pipeline;

/// <summary>
/// A model shaped like Stable Diffusion 2.x, in half precision and shards, against diffusers v0.30.3 (References/make_references.py).
/// Tolerances as for the first reference model: 1e-4 for a network, 2e-3 for a whole trajectory.
/// </summary>
public sealed class StableDiffusion2Tests : IDisposable
{
    private const double Network = 1e-4;
    private const double Trajectory = 2e-3;

    private readonly DisposeScope scope = NewDisposeScope();
    private readonly StableDiffusionPipeline pipeline = StableDiffusionPipeline.Load(ReferenceFolder.At("sd2"));
    private readonly SafetensorsFile reference = SafetensorsFile.Open(ReferenceFolder.At("sd2", "io.safetensors"));

    [Fact]
    public void Unet_LinearProjectionAndHeadsPerBlock_MatchesDiffusers()
    {
        using var frozen = no_grad();
        pipeline.Unet.call(reference.Read("unet.sample"), reference.Read("unet.timesteps"), reference.Read("unet.text"))
            .ShouldMatch(reference.Read("unet.out"), Network, "unet");
    }

    [Fact]
    public void EncodePrompts_OpenClipEncoder_MatchesTransformers()
    {
        pipeline.EncodePrompts(Prompts).ShouldMatch(reference.Read("text.conditional"), Network, "prompts");
        pipeline.EncodePrompts(["", ""]).ShouldMatch(reference.Read("text.unconditional"), Network, "empty");
    }

    [Theory]
    [InlineData("ddim", "DDIMScheduler", "leading", false)]
    [InlineData("ddim_trailing_zero_snr", "DDIMScheduler", "trailing", true)]
    [InlineData("pndm", "PNDMScheduler", "leading", false)]
    [InlineData("euler", "EulerDiscreteScheduler", "linspace", false)]
    [InlineData("euler_trailing_zero_snr", "EulerDiscreteScheduler", "trailing", true)]
    [InlineData("dpm", "DPMSolverMultistepScheduler", "linspace", false)]
    public void Denoise_VelocityPrediction_MatchesDiffusers(string run, string scheduler, string spacing, bool zeroSnr)
    {
        var config = pipeline.SchedulerConfig with { ClassName = scheduler, SkipPrkSteps = true, TimestepSpacing = spacing, RescaleBetasZeroSnr = zeroSnr };
        var sampled = new StableDiffusionPipeline(pipeline.Tokenizer, pipeline.TextEncoder, pipeline.Unet, pipeline.Vae, config);
        var latents = sampled.Denoise(Settings, reference.Read("unit"));
        latents.ShouldMatch(reference.Read("latents." + run), Trajectory, run);
    }

    [Fact]
    public void Decode_AutoencoderWithFormerNames_MatchesDiffusers() =>
        pipeline.DecodeToUnit(reference.Read("latents.ddim")).ShouldMatch(reference.Read("image.ddim"), Trajectory, "image");

    [Fact]
    public void Load_SchedulerOfTheFolder_PredictsVelocity() => pipeline.SchedulerConfig.ShouldBe(SchedulerConfig.StableDiffusion with
    {
        ClassName = "DDIMScheduler",
        SkipPrkSteps = false,
        PredictionType = "v_prediction",
        TimestepSpacing = "leading",
    });

    public void Dispose()
    {
        reference.Dispose();
        pipeline.Dispose();
        scope.Dispose();
    }

    private static string[] Prompts => ["a church in the snow", "dog"];

    private static GenerationSettings Settings => new() { Prompts = Prompts, Seeds = [0, 1], Steps = 5, GuidanceScale = 5 };
}
