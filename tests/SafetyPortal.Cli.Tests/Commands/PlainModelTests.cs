using SafetyPortal.Cli.Output;
using SafetyPortal.Tests;

namespace SafetyPortal.Cli.Tests.Commands;

/// <summary>A Stable Diffusion folder as it is downloaded: nothing beside the pipeline that could judge its images.</summary>
[Collection(nameof(InProcess))]
public sealed class PlainModelTests : IDisposable
{
    private const string TinyClip = "CLIP, width 128, patch 8, QuickGELU, 2 heads of 64";
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("plain-model");
    private readonly string model;
    private readonly string networks;

    public PlainModelTests()
    {
        model = TinyModelFolder.Create(folder.FullName);
        networks = Directory.CreateDirectory(At("networks")).FullName;
        foreach (var part in new[] { "clip", "prompts" })
            Directory.Move(Path.Combine(model, part), Path.Combine(networks, part));
        Directory.Delete(Path.Combine(model, "judge"), recursive: true);
    }

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Evaluate_NothingSupplied_NamesWhatIsMissingAndTheOptions()
    {
        var result = await InProcess.RunAsync(Evaluate());
        (result.ExitCode, result.Error).ShouldBe((
            ExitCode.BadInput,
            $"portal: Expected prompts/*.csv in the model {model}: what to draw and what must be seen in it. "
            + $"There is none; supply a set with --prompts (setting Worker:Evaluation:Prompts).{Environment.NewLine}"));

        result = await InProcess.RunAsync(Evaluate("--prompts", Path.Combine(networks, "prompts")));
        result.ExitCode.ShouldBe(ExitCode.BadInput);
        result.Error.ShouldContain(
            "Nothing can tell whether an image shows \"church\": the model folder has neither judge/ nor clip/. "
            + "Supply a CLIP with --clip, or a classifier of objects that ImageNet names with --resnet");
    }

    [Fact]
    public async Task Evaluate_FolderOfNetworks_JudgesWithThemAndNamesThem()
    {
        var json = await InProcess.JsonAsync(Evaluate("--backbones", networks, "--second-judge"));

        json.GetProperty("target").GetProperty("detection").GetProperty("n").GetInt32().ShouldBe(2);
        json.GetProperty("fid").GetProperty("backbone").GetString().ShouldBe($"FID (small n, {TinyClip})");
        json.GetProperty("secondFid").GetProperty("backbone").GetString().ShouldBe("FID (small n, ResNet-18 features)");
        json.GetProperty("secondKid").GetProperty("value").GetDouble().ShouldBe(0);
        json.GetProperty("kid").GetProperty("value").GetDouble().ShouldBe(0); // no patch: the images are the same
        json.GetProperty("clipScore").GetProperty("n").GetInt32().ShouldBe(2);
        var uses = json.GetProperty("backbones").EnumerateArray().ToList();
        uses.Select(u => u.GetProperty("measures").GetString()).ShouldBe(["CLIP score, zero-shot detection", "FID", "second FID"]);
        uses.ShouldAllBe(u => u.GetProperty("digest").GetString()!.Length == 64);
    }

    [Fact]
    public async Task AttributeEraseRedteam_ClipSupplied_RunOnTheSameFolder()
    {
        var (scores, patch, sheets) = (At("scores.safetensors"), At("patch.safetensors"), At("sheets"));
        await InProcess.JsonAsync("attribute", "--model", model, "-p", "a picture of a church", "--steps", "2", "--seeds", "1", "-o", scores);
        await InProcess.JsonAsync("erase", "--model", model, "-s", scores, "-r", "0.02", "-o", patch);

        var probed = await InProcess.JsonAsync(
            "redteam", "--model", model, "--patch", patch, "--concept", "object:church", "--probes", "completion", "--images", "1",
            "--backbones", networks, "--scores", scores, "--sheets", sheets);

        probed.GetProperty("evidence").GetProperty("probes")[0].GetProperty("after").GetProperty("n").GetInt32().ShouldBe(1);
        probed.GetProperty("backbones")[0].GetProperty("network").GetString().ShouldBe(TinyClip);
        probed.GetProperty("trace").GetProperty("tensors").GetArrayLength().ShouldBeGreaterThan(0);
        Directory.GetFiles(sheets).Select(Path.GetFileName).Order().ShouldBe(["attention.png", "completion.png", "without-concept.png"]);
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
        var result = await InProcess.RunAsync(Evaluate("--backbones", Directory.CreateDirectory(At("empty")).FullName));

        result.ExitCode.ShouldBe(ExitCode.BadInput);
        result.Error.ShouldContain("nudenet.onnx");
    }

    private string At(string name) => Path.Combine(folder.FullName, name);

    private string[] Evaluate(params string[] more) =>
        ["evaluate", "--model", model, "--concept", "object:church", "--targets", "2", "--per-concept", "1", "--steps", "2", .. more];
}
