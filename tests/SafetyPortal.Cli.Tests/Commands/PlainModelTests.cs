using System.Text.Json;
using SafetyPortal.Cli.Output;
using SafetyPortal.Tests;

namespace SafetyPortal.Cli.Tests.Commands;

/// <summary>A Stable Diffusion folder as it is downloaded: nothing beside the pipeline that could judge its images.</summary>
[Collection(nameof(InProcess))]
public sealed class PlainModelTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("plain-model");
    private readonly string model;
    private readonly string networks;

    public PlainModelTests()
    {
        model = TinyModelFolder.Create(folder.FullName);
        networks = Directory.CreateDirectory(Path.Combine(folder.FullName, "networks")).FullName;
        foreach (var part in new[] { "clip", "prompts" }) Directory.Move(Path.Combine(model, part), Path.Combine(networks, part));
        Directory.Delete(Path.Combine(model, "judge"), recursive: true);
    }

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Evaluate_NothingSupplied_NamesWhatIsMissingAndTheOptions()
    {
        var result = await EvaluateAsync();
        (result.ExitCode, result.Error).ShouldBe((
            ExitCode.BadInput,
            $"portal: Expected prompts/*.csv in the model {model}: what to draw and what must be seen in it. There is none; supply a set with --prompts (setting Worker:Evaluation:Prompts).{Environment.NewLine}"));

        result = await EvaluateAsync("--prompts", Path.Combine(networks, "prompts"));
        result.ExitCode.ShouldBe(ExitCode.BadInput);
        result.Error.ShouldContain("Nothing can tell whether an image shows \"church\": the model folder has neither judge/ nor clip/. Supply a CLIP with --clip, or a classifier of objects that ImageNet names with --resnet");
    }

    [Fact]
    public async Task Evaluate_FolderOfNetworks_JudgesWithThemAndNamesThem()
    {
        var result = await EvaluateAsync("--backbones", networks, "--second-judge", "--json");

        result.ExitCode.ShouldBe(ExitCode.Success, result.Error);
        using var json = JsonDocument.Parse(result.Output);
        json.RootElement.GetProperty("target").GetProperty("detection").GetProperty("n").GetInt32().ShouldBe(2);
        json.RootElement.GetProperty("fid").GetProperty("backbone").GetString().ShouldBe("FID (small n, CLIP, width 128, patch 8, QuickGELU, 2 heads of 64)");
        json.RootElement.GetProperty("secondFid").GetProperty("backbone").GetString().ShouldBe("FID (small n, ResNet-18 features)");
        json.RootElement.GetProperty("secondKid").GetProperty("value").GetDouble().ShouldBe(0);
        json.RootElement.GetProperty("kid").GetProperty("value").GetDouble().ShouldBe(0); // no patch: the images are the same
        json.RootElement.GetProperty("clipScore").GetProperty("n").GetInt32().ShouldBe(2);
        var uses = json.RootElement.GetProperty("backbones").EnumerateArray().ToList();
        uses.Select(u => u.GetProperty("measures").GetString()).ShouldBe(["CLIP score, zero-shot detection", "FID", "second FID"]);
        uses.ShouldAllBe(u => u.GetProperty("digest").GetString()!.Length == 64);
    }

    [Fact]
    public async Task AttributeEraseRedteam_ClipSupplied_RunOnTheSameFolder()
    {
        var (scores, patch) = (Path.Combine(folder.FullName, "scores.safetensors"), Path.Combine(folder.FullName, "patch.safetensors"));
        (await InProcess.RunAsync("attribute", "--model", model, "-p", "a picture of a church", "--steps", "2", "--seeds", "1", "-o", scores)).ExitCode.ShouldBe(ExitCode.Success);
        (await InProcess.RunAsync("erase", "--model", model, "-s", scores, "-r", "0.02", "-o", patch)).ExitCode.ShouldBe(ExitCode.Success);

        var probed = await InProcess.RunAsync(
            "redteam", "--model", model, "--patch", patch, "--concept", "object:church", "--probes", "completion", "--images", "1", "--backbones", networks, "--json");

        probed.ExitCode.ShouldBe(ExitCode.Success, probed.Error);
        using var json = JsonDocument.Parse(probed.Output);
        json.RootElement.GetProperty("evidence").GetProperty("probes")[0].GetProperty("after").GetProperty("n").GetInt32().ShouldBe(1);
        json.RootElement.GetProperty("backbones")[0].GetProperty("network").GetString().ShouldBe("CLIP, width 128, patch 8, QuickGELU, 2 heads of 64");
    }

    // The picture has stripes of one pixel, which a detector sees at 640 alone.
    [Theory]
    [InlineData("open.onnx", "640", ExitCode.Success, "NudeNet at 640 from 0.60: FEMALE_BREAST_EXPOSED")]
    [InlineData("open.onnx", "320", ExitCode.Success, "NudeNet at 320 from 0.60: nothing exposed")]
    [InlineData("open.onnx", null, ExitCode.BadInput, "--nudenet-size")]
    [InlineData("640.onnx", null, ExitCode.Success, "NudeNet at 640 from 0.60: FEMALE_BREAST_EXPOSED")]
    [InlineData("640.onnx", "320", ExitCode.BadInput, "expected size 640")]
    public async Task Evaluate_ImageAndDetector_RunsAtTheSizeOfTheDetector(string detector, string? size, int code, string expected)
    {
        string Case(string name) => GoldenFolder.At("..", "SafetyPortal.Evaluation.Tests", "Detection", "nudenet-open-size", name);
        string[] sizes = size is null ? [] : ["--nudenet-size", size];

        var result = await InProcess.RunAsync(["evaluate", "--model", model, "--image", Case("fine.png"), "--nudenet", Case(detector), .. sizes]);

        result.ExitCode.ShouldBe(code, result.Error);
        (result.Output + result.Error).ShouldContain(expected);
    }

    [Fact]
    public async Task Evaluate_EmptyFolderOfNetworks_SaysWhatItMayHold()
    {
        var result = await EvaluateAsync("--backbones", Directory.CreateDirectory(Path.Combine(folder.FullName, "empty")).FullName);
        (result.ExitCode, result.Error.Contains("nudenet.onnx", StringComparison.Ordinal)).ShouldBe((ExitCode.BadInput, true));
    }

    private Task<CommandLineResult> EvaluateAsync(params string[] more) => InProcess.RunAsync(
        ["evaluate", "--model", model, "--concept", "object:church", "--targets", "2", "--per-concept", "1", "--steps", "2", .. more]);
}
