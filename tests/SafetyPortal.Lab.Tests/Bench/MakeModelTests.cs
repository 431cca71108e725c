using System.Text.Json;
using SafetyPortal.Cli.Output;
using SafetyPortal.Cli.Tests;
using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Diffusion.Vae;
using SafetyPortal.Lab.Bench;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Tests.Bench;

[Collection(nameof(InProcess))]
public sealed class MakeModelTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("make-model");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task MakeModel_TinyInHalfPrecisionAndShards_IsWholeAndPaints()
    {
        var path = At("tiny");
        (await InProcess.RunAsync("bench", "make-model", "--config", "tiny", "--dtype", "fp16", "--shards", "3", path)).ExitCode.ShouldBe(ExitCode.Success);

        using var verdict = JsonDocument.Parse((await InProcess.RunAsync("model", "verify", path, "--json")).Output);
        verdict.RootElement.GetProperty("whole").GetBoolean().ShouldBeTrue();
        verdict.RootElement.GetProperty("parameters").GetInt64().ShouldBe(3_277_988);
        var files = verdict.RootElement.GetProperty("model").GetProperty("files").EnumerateArray().Select(f => f.GetProperty("path").GetString()).ToList();
        files.ShouldContain("unet/diffusion_pytorch_model-00003-of-00003.safetensors");
        using var pipeline = StableDiffusionPipeline.Load(path);
        var image = pipeline.Generate(new GenerationSettings { Prompts = ["a dog"], Seeds = [1], Steps = 2, Height = 64, Width = 64 })[0];
        image.Pixels.Distinct().Count().ShouldBeGreaterThan(10);
    }

    [Fact]
    public async Task MakeModel_SameSeed_GivesTheSameWeightsHoweverTheyAreSpread()
    {
        var digests = new List<string?>();
        foreach (var (name, shards, seed) in ((string, string, string)[])[("a", "1", "3"), ("b", "2", "3"), ("c", "1", "4")])
        {
            var made = await InProcess.RunAsync("bench", "make-model", "--config", "tiny", "--seed", seed, "--shards", shards, At(name));
            made.ExitCode.ShouldBe(ExitCode.Success);
            using var verdict = JsonDocument.Parse((await InProcess.RunAsync("model", "verify", At(name), "--json")).Output);
            digests.Add(verdict.RootElement.GetProperty("digest").GetString());
        }

        digests[1].ShouldBe(digests[0]);
        digests[2].ShouldNotBe(digests[0]);
    }

    [Fact]
    public async Task MakeModel_FolderInUse_IsRefused()
    {
        File.WriteAllText(At("file"), "");
        var result = await InProcess.RunAsync("bench", "make-model", "--config", "tiny", folder.FullName);
        result.ExitCode.ShouldBe(ExitCode.BadInput);
        result.Error.ShouldContain("holds something already");
    }

    [Fact]
    public async Task MakeModel_TokenizerThatIsNot_IsRefusedAndLeavesNothing()
    {
        var result = await InProcess.RunAsync("bench", "make-model", "--config", "tiny", At("made"), "--tokenizer", At("none"));
        result.ExitCode.ShouldBe(ExitCode.BadInput);
        result.Error.ShouldContain("tokenizer");
        folder.EnumerateFileSystemInfos().ShouldBeEmpty();
    }

    [Fact]
    public void Write_Cancelled_LeavesNothing()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();

        Should.Throw<OperationCanceledException>(() =>
            MakeModelFolder.Write(MakeModelPreset.Read("tiny"), At("made"), ScalarType.Float32, 0, 1, tokenizer: null, stop.Token));

        folder.EnumerateFileSystemInfos().ShouldBeEmpty();
    }

    /// <summary>The configurations as published lead to the networks whose names and shapes are compared with diffusers elsewhere.</summary>
    [Theory]
    [InlineData("sd14", 859_520_964)]
    [InlineData("sd15", 859_520_964)]
    [InlineData("sd21", 865_910_724)]
    [InlineData("sd21-v", 865_910_724)]
    [InlineData("sdxl", 2_567_463_684)]
    [InlineData("small", 34_966_724)]
    public void Preset_PublishedConfiguration_HasTheApprovedSizes(string name, long parameters)
    {
        var preset = MakeModelPreset.Read(name);
        var unet = UNetConfig.From(preset.Config("unet")!);
        UNet2DConditionModel.ParameterShapes(unet).Sum(p => p.Shape.Aggregate(1L, (product, size) => product * size)).ShouldBe(parameters);
        var approved = name switch { "sdxl" => UNetConfig.Sdxl, "sd21" or "sd21-v" => UNetConfig.Sd21, "small" => unet, _ => UNetConfig.Sd14 };
        (unet with { SampleSize = 1, UpcastAttention = false }).ToJson().ToJsonString().ShouldBe((approved with { SampleSize = 1 }).ToJson().ToJsonString());
        if (name == "small")
            return;

        var text = ClipTextConfig.From(preset.Config("text_encoder")!);
        text.HiddenSize.ShouldBe(name.StartsWith("sd2", StringComparison.Ordinal) ? ClipTextConfig.Sd21.HiddenSize : ClipTextConfig.Sd14.HiddenSize);
        if (preset.Config("text_encoder_2") is { } second)
            Texts(ClipTextModel.ParameterShapes(ClipTextConfig.From(second))).ShouldBe(Texts(ClipTextModel.ParameterShapes(ClipTextConfig.SdxlSecond)));
        Texts(AutoencoderKL.ParameterShapes(VaeConfig.From(preset.Config("vae")!))).ShouldBe(Texts(AutoencoderKL.ParameterShapes(VaeConfig.Sd1)));
    }

    private string At(string name) => Path.Combine(folder.FullName, name);

    private static string[] Texts(IEnumerable<ParameterShape> shapes) => [.. shapes.Select(shape => shape.ToString())];
}
