using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Diffusion.Tests.References;
using SafetyPortal.Diffusion.Unet;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Pipeline;

/// <summary>
/// A model shaped like Stable Diffusion XL against diffusers v0.30.3 (References/make_references.py), tolerances as in
/// <see cref="StableDiffusion2Tests"/>.
/// </summary>
public sealed class StableDiffusionXlTests : IDisposable
{
    private const double Network = 1e-4;
    private const double Trajectory = 2e-3;

    private readonly TemporaryFolder folder = new();
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly StableDiffusionPipeline pipeline = StableDiffusionPipeline.Load(ReferenceFolder.At("sdxl"));
    private readonly SafetensorsFile reference = SafetensorsFile.Open(ReferenceFolder.At("sdxl", "io.safetensors"));

    [Fact]
    public void Unet_PooledTextAndSizesPerImage_MatchesDiffusers()
    {
        using var frozen = no_grad();
        var (text, pooled, sizes) = (reference.Read("unet.text"), reference.Read("unet.pooled"), reference.Read("unet.sizes"));
        var noise = pipeline.Unet.call(reference.Read("unet.sample"), reference.Read("unet.timesteps"), cat([Packed(0), Packed(1)]));
        noise.ShouldMatch(reference.Read("unet.out"), Network, "unet");

        Tensor Packed(int i) => pipeline.Unet.Config.Added!.Pack(text.narrow(0, i, 1), pooled.narrow(0, i, 1), sizes[i].data<float>().ToArray());
    }

    [Fact]
    public void EncodePrompts_TwoEncoders_GivesTextPooledTextAndSizes()
    {
        var encoded = pipeline.EncodePrompts(Prompts, 16, 24);
        var (text, pooled, sizes) = pipeline.Unet.Config.Added!.Unpack(encoded);
        text.ShouldMatch(reference.Read("text.conditional"), Network, "text");
        pooled.ShouldMatch(reference.Read("text.pooled"), Network, "pooled");
        sizes[1].data<float>().ToArray().ShouldBe([16f, 24f, 0f, 0f, 16f, 24f]);
        (text, pooled, _) = pipeline.Unet.Config.Added!.Unpack(pipeline.EncodePrompts(["blurry", "blurry"]));
        text.ShouldMatch(reference.Read("text.negative"), Network, "negative text");
        pooled.ShouldMatch(reference.Read("text.negative_pooled"), Network, "negative pooled");
    }

    [Fact]
    public void EncodePrompts_EmptyPrompt_IsZeroButForTheSizes()
    {
        var (text, pooled, sizes) = pipeline.Unet.Config.Added!.Unpack(pipeline.EncodePrompts([""]));
        text.abs().max().ToDouble().ShouldBe(0);
        pooled.abs().max().ToDouble().ShouldBe(0);
        sizes[0].data<float>().ToArray().ShouldBe([16f, 16f, 0f, 0f, 16f, 16f]);
    }

    [Theory]
    [InlineData("euler", null)]
    [InlineData("euler_negative", "blurry")]
    public void Denoise_EulerOfTheFolder_MatchesDiffusers(string run, string? negative) =>
        pipeline.Denoise(Settings(negative), reference.Read("unit")).ShouldMatch(reference.Read("latents." + run), 10 * Trajectory, run);

    [Fact]
    public void Denoise_Ddim_MatchesDiffusers()
    {
        var config = pipeline.SchedulerConfig with { ClassName = "DDIMScheduler", ClipSample = false, SetAlphaToOne = false };
        var sampled = new StableDiffusionPipeline(pipeline.Tokenizer, pipeline.TextEncoder, pipeline.Unet, pipeline.Vae, config, second: pipeline.Second);
        sampled.Denoise(Settings(null), reference.Read("unit")).ShouldMatch(reference.Read("latents.ddim"), 10 * Trajectory, "ddim");
    }

    [Fact]
    public void Decode_ScalingFactorOfXl_MatchesDiffusers() =>
        pipeline.DecodeToUnit(reference.Read("latents.euler")).ShouldMatch(reference.Read("image.euler"), Trajectory, "image");

    [Fact]
    public void Load_HalfPrecision_KeepsTheAutoencoderInSinglePrecision()
    {
        using var half = StableDiffusionPipeline.Load(ReferenceFolder.At("sdxl"), dtype: ScalarType.Float16);
        half.Unet.parameters().ShouldAllBe(p => p.dtype == ScalarType.Float16);
        half.Vae.parameters().ShouldAllBe(p => p.dtype == ScalarType.Float32);
    }

    // Weights and activations have eight bits of precision. An operation on two types would throw.
    [Fact]
    public void Generate_Bfloat16_IsCloseToSinglePrecision()
    {
        using var narrow = StableDiffusionPipeline.Load(ReferenceFolder.At("sdxl"), dtype: ScalarType.BFloat16);
        var settings = Settings("blurry") with { Steps = 2, Height = 16, Width = 24 };
        var (ours, wide) = (narrow.Generate(settings), pipeline.Generate(settings));
        var difference = ours.SelectMany(i => i.Pixels).Zip(wide.SelectMany(i => i.Pixels), (a, b) => Math.Abs(a - b)).Average();
        difference.ShouldBeLessThan(12); // of 255
    }

    [Fact]
    public void Save_ThenLoad_GivesTheSameConditionsAndLatents()
    {
        pipeline.Save(folder.Root);
        foreach (var part in (string[])["tokenizer", "tokenizer_2"])
            folder.Copy(ReferenceFolder.At("sdxl", part), part);

        using var loaded = StableDiffusionPipeline.Load(folder.Root);
        loaded.Second!.ZerosForEmptyPrompt.ShouldBeTrue();
        loaded.Denoise(Settings(null), reference.Read("unit")).ShouldMatch(pipeline.Denoise(Settings(null), reference.Read("unit")), 0, "latents");
    }

    [Theory]
    [InlineData(8)]
    [InlineData(11)]
    [InlineData(64)]
    public void Unpack_WhatWasPacked_IsTheSameWhateverTheWidth(int width)
    {
        var added = new AddedConditions(4, 24 + 20);
        var (text, pooled) = (randn(2, 5, width), randn(2, 20));
        var packed = added.Pack(text, pooled, [512, 768, 1, 2, 1024, 640]);
        packed.shape.ShouldBe([2, 5 + added.Rows(width), width]);
        var (textAgain, pooledAgain, sizes) = added.Unpack(packed);
        textAgain.ShouldMatch(text, 0, "text");
        pooledAgain.ShouldMatch(pooled, 0, "pooled");
        sizes[1].contiguous().data<float>().ToArray().ShouldBe([512f, 768f, 1f, 2f, 1024f, 640f]);
        Should.Throw<ArgumentException>(() => added.Pack(text, randn(2, 19), [0, 0, 0, 0, 0, 0])).Message.ShouldContain("of shape [2, 20], got [2, 19]");
    }

    public void Dispose()
    {
        reference.Dispose();
        pipeline.Dispose();
        scope.Dispose();
        folder.Dispose();
    }

    private static string[] Prompts => ["a church in the snow", "dog"];

    private static GenerationSettings Settings(string? negative) =>
        new() { Prompts = Prompts, Seeds = [0, 1], Steps = 5, GuidanceScale = 5, NegativePrompts = negative is null ? null : [negative] };
}
