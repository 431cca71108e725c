using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Tests;

namespace SafetyPortal.Diffusion;

public sealed class PipelineFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pipeline").FullName;

    public PipelineFolderTests() => Copy(GoldenFolder.At("pipeline"), _folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Save_ThenLoad_GeneratesTheSameImage()
    {
        var settings = new GenerationSettings { Prompts = ["a cat"], Seeds = [5], Steps = 2, Height = 16, Width = 16 };
        var saved = Path.Combine(_folder, "saved");
        using var first = StableDiffusionPipeline.Load(_folder);
        first.Save(saved);
        Copy(Path.Combine(_folder, "tokenizer"), Path.Combine(saved, "tokenizer"));

        using var second = StableDiffusionPipeline.Load(saved);

        second.Generate(settings)[0].Pixels.ShouldBe(first.Generate(settings)[0].Pixels);
    }

    [Fact]
    public void Load_NoIndex_NamesTheFile() => Fails(() => File.Delete(At("model_index.json")), "model_index.json is missing");

    [Fact]
    public void Load_NoSuchFolder_NamesIt()
        => Should.Throw<ModelFormatException>(() => StableDiffusionPipeline.Load(At("nowhere"))).Message.ShouldContain("nowhere: no such folder");

    [Fact]
    public void Load_IndexThatIsNotJson_SaysSo() => Fails(() => File.WriteAllText(At("model_index.json"), "{"), "not JSON");

    [Fact]
    public void Load_OtherPipeline_NamesBothClasses()
        => Fails(() => Edit("model_index.json", "\"StableDiffusionPipeline\"", "\"FluxPipeline\""), "expected \"StableDiffusionPipeline\" or \"StableDiffusionXLPipeline\", found \"FluxPipeline\"");

    [Fact]
    public void Load_PartsMissing_ListsThemAll()
    {
        Directory.Delete(At("vae"), recursive: true);
        Edit("model_index.json", "UNet2DConditionModel", "UNet3DConditionModel");

        var message = Should.Throw<ModelFormatException>(() => StableDiffusionPipeline.Load(_folder)).Message;

        message.ShouldContain("vae: the folder is missing");
        message.ShouldContain("unet: expected class UNet2DConditionModel");
    }

    [Fact]
    public void Load_WeightsAsPickle_AsksForSafetensors()
        => Fails(() => File.Move(At("unet", "diffusion_pytorch_model.safetensors"), At("unet", "diffusion_pytorch_model.bin")), "safetensors");

    [Fact]
    public void Load_PartsThatDoNotFit_NamesTheSizes()
        => Fails(() => Edit(Path.Combine("tokenizer", "tokenizer_config.json"), "\"model_max_length\": 77", "\"model_max_length\": 99"), "the tokenizer gives 99 tokens, the text encoder takes 77");

    [Fact]
    public void Load_SchedulerThatCannotBeFollowed_NamesTheSetting()
        => Fails(() => Edit(Path.Combine("scheduler", "scheduler_config.json"), "scaled_linear", "sigmoid"), "beta_schedule is 'sigmoid'");

    // As diffusers' pipeline does with files of the first releases, which left clip_sample out and had no offset.
    [Fact]
    public void Load_SchedulerThatClipsWithoutOffset_IsCorrected()
    {
        Edit(Path.Combine("scheduler", "scheduler_config.json"), "\"clip_sample\": false", "\"clip_sample_range\": 1.0");
        Edit(Path.Combine("scheduler", "scheduler_config.json"), "\"steps_offset\": 1,", "");

        using var pipeline = StableDiffusionPipeline.Load(_folder);

        (pipeline.SchedulerConfig.ClipSample, pipeline.SchedulerConfig.StepsOffset).ShouldBe((false, 1));
        new DdimScheduler(SchedulerConfig.Parse("{}")).Config.ClipSample.ShouldBeNull(); // a scheduler by itself keeps its defaults
    }

    private void Fails(Action damage, string message)
    {
        damage();
        Should.Throw<ModelFormatException>(() => StableDiffusionPipeline.Load(_folder)).Message.ShouldContain(message);
    }

    private string At(params string[] parts) => Path.Combine([_folder, .. parts]);

    private void Edit(string file, string old, string replacement)
    {
        var text = File.ReadAllText(At(file));
        text.ShouldContain(old);
        File.WriteAllText(At(file), text.Replace(old, replacement, StringComparison.Ordinal));
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
