using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Diffusion.Tests;
using SafetyPortal.Tests;

namespace SafetyPortal.Diffusion;

public sealed class PipelineFolderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public PipelineFolderTests() => folder.Copy(GoldenFolder.At("pipeline"));

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Save_ThenLoad_GeneratesTheSameImage()
    {
        var settings = new GenerationSettings { Prompts = ["a cat"], Seeds = [5], Steps = 2, Height = 16, Width = 16 };
        var saved = folder.At("saved");
        using var first = StableDiffusionPipeline.Load(folder.Root);
        first.Save(saved);
        folder.Copy(folder.At("tokenizer"), Path.Combine("saved", "tokenizer"));

        using var second = StableDiffusionPipeline.Load(saved);

        second.Generate(settings)[0].Pixels.ShouldBe(first.Generate(settings)[0].Pixels);
    }

    [Fact]
    public void Load_SchedulerOfTheFolder_IsStableDiffusions()
    {
        using var pipeline = StableDiffusionPipeline.Load(folder.Root);

        pipeline.SchedulerConfig.ShouldBe(SchedulerConfig.StableDiffusion);
    }

    [Fact]
    public void Load_NoSuchFolder_NamesIt() =>
        Should.Throw<ModelFormatException>(() => StableDiffusionPipeline.Load(folder.At("nowhere"))).Message.ShouldContain("nowhere: no such folder");

    [Fact]
    public void Load_PartsMissing_ListsThemAll()
    {
        Directory.Delete(folder.At("vae"), recursive: true);
        Edit("model_index.json", "UNet2DConditionModel", "UNet3DConditionModel");

        var message = Should.Throw<ModelFormatException>(() => StableDiffusionPipeline.Load(folder.Root)).Message;

        message.ShouldContain("vae: the folder is missing");
        message.ShouldContain("unet: expected class UNet2DConditionModel");
    }

    // As diffusers' pipeline does with files of the first releases, which left clip_sample out and had no offset.
    [Fact]
    public void Load_SchedulerThatClipsWithoutOffset_IsCorrected()
    {
        Edit(Path.Combine("scheduler", "scheduler_config.json"), "\"clip_sample\": false", "\"clip_sample_range\": 1.0");
        Edit(Path.Combine("scheduler", "scheduler_config.json"), "\"steps_offset\": 1,", "");

        using var pipeline = StableDiffusionPipeline.Load(folder.Root);

        (pipeline.SchedulerConfig.ClipSample, pipeline.SchedulerConfig.StepsOffset).ShouldBe((false, 1));
        new DdimScheduler(SchedulerConfig.Parse("{}")).Config.ClipSample.ShouldBeNull(); // a scheduler by itself keeps its defaults
    }

    private void Edit(string file, string old, string replacement)
    {
        var text = File.ReadAllText(folder.At(file));
        text.ShouldContain(old);
        File.WriteAllText(folder.At(file), text.Replace(old, replacement, StringComparison.Ordinal));
    }
}
