using System.Text.Json;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion;

/// <summary>Against diffusers v0.30.3's StableDiffusionPipeline (06_pipeline/README.md): final latents and pixels within 2e-3.</summary>
public sealed class GoldenPipelineTests : IDisposable
{
    private const double Tolerance = 2e-3;

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly StableDiffusionPipeline _pipeline = StableDiffusionPipeline.Load(GoldenFolder.At("pipeline"));
    private readonly SafetensorsFile _golden = SafetensorsFile.Open(GoldenFolder.At("06_pipeline", "io.safetensors"));
    private readonly JsonDocument _runs = PythonJson.Parse(File.ReadAllText(GoldenFolder.At("06_pipeline", "runs.json")));

    public void Dispose()
    {
        _golden.Dispose();
        _pipeline.Dispose();
        _scope.Dispose();
        _runs.Dispose();
    }

    [Theory]
    [InlineData("ddim20")]
    [InlineData("pndm20")]
    [InlineData("euler10")]
    [InlineData("dpmpp2m12")]
    [InlineData("ddim20_neg")]
    [InlineData("ddim10_noguidance")]
    [InlineData("ddim8_cfg3_nonsquare")]
    public void Denoise_GoldenRun_EndsAtTheReferenceLatents(string name)
    {
        var run = _runs.RootElement.GetProperty("runs").GetProperty(name);
        var settings = new GenerationSettings
        {
            Prompts = [.. _runs.RootElement.GetProperty("prompts").EnumerateArray().Select(p => p.GetString()!)],
            Seeds = [0, 0],
            NegativePrompts = [run.GetProperty("negative_prompt").GetString()!],
            Steps = run.GetProperty("num_inference_steps").GetInt32(),
            GuidanceScale = run.GetProperty("guidance_scale").GetDouble(),
            Scheduler = run.GetProperty("scheduler").GetString(),
        };

        var latents = _pipeline.Denoise(settings, _golden.Read(run.GetProperty("latents").GetString()!));

        Largest(latents - _golden.Read($"{name}.final_latents")).ShouldBeLessThan(Tolerance);
        if (_golden.Entries.ContainsKey($"{name}.image01"))
            Largest(_pipeline.DecodeToUnit(latents.narrow(0, 0, 1)) - _golden.Read($"{name}.image01")).ShouldBeLessThan(Tolerance);
    }

    [Fact]
    public void EncodePrompts_GoldenPrompts_GivesTheReferenceEmbeddings()
    {
        var prompts = _runs.RootElement.GetProperty("prompts").EnumerateArray().Select(p => p.GetString()!).ToList();

        Largest(_pipeline.EncodePrompts(prompts) - _golden.Read("text_embeddings_prompts")).ShouldBeLessThan(5e-5);
        Largest(_pipeline.EncodePrompts([""]) - _golden.Read("text_embeddings_empty")).ShouldBeLessThan(5e-5);
    }

    [Fact]
    public void Load_SchedulerOfTheFolder_IsStableDiffusions()
        => _pipeline.SchedulerConfig.ShouldBe(SchedulerConfig.StableDiffusion);

    private static double Largest(Tensor difference) => difference.abs().max().ToDouble().Finite();
}
