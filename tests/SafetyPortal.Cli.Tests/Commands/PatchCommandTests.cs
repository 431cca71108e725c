using SafetyPortal.Cli.Output;
using SafetyPortal.Tests;

namespace SafetyPortal.Cli.Tests.Commands;

[Collection(nameof(InProcess))]
public sealed class PatchCommandTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("patch-command");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task AttributeEraseGenerate_OneAfterTheOther_EditsTheImages()
    {
        var model = GoldenFolder.At("pipeline");
        var (scores, patch, maps) = (At("scores.safetensors"), At("patch.safetensors"), At("maps"));

        var attribution = await InProcess.JsonAsync(
            "attribute", "--model", model, "-p", "a dog", "--base", "", "--steps", "2", "--seeds", "1", "-o", scores, "--heatmaps", maps);
        attribution.GetProperty("components").GetInt64().ShouldBe(192_000);
        var words = attribution.GetProperty("heatmaps").GetProperty("images")[0].GetProperty("words").EnumerateArray().ToList();
        words.Select(w => w.GetProperty("word").GetString()).ShouldBe(["a", "dog"]);
        words.ShouldAllBe(w => File.Exists(w.GetProperty("file").GetString()));
        words.ShouldAllBe(w => w.GetProperty("lowest").GetDouble() > 0 && w.GetProperty("highest").GetDouble() < 1);
        File.ReadAllText(Path.Combine(maps, "heatmaps.json")).ShouldContain("Each map has its own scale");

        var erased = await InProcess.JsonAsync("erase", "--model", model, "-s", scores, "-r", "0.1", "-o", patch);
        erased.GetProperty("ablatedWeights").GetInt64().ShouldBeGreaterThan(1000);
        var digest = erased.GetProperty("resultDigest").GetString();

        (await InProcess.JsonAsync("model", "verify", model, "--patch", patch)).GetProperty("patchedDigest").GetString().ShouldBe(digest);

        var before = await GenerateAsync(model, "before");
        (await GenerateAsync(model, "again")).ShouldBe(before);
        (await GenerateAsync(model, "after", "--patch", patch)).ShouldNotBe(before);

        (await InProcess.JsonAsync("model", "bake", At("baked"), "--model", model, "--patch", patch)).GetProperty("digest").GetString().ShouldBe(digest);
        (await GenerateAsync(At("baked"), "from-baked")).ShouldBe(await GenerateAsync(model, "from-patch", "--patch", patch));

        var twice = await InProcess.RunAsync("model", "verify", model, "--patch", patch, "--patch", patch);
        twice.ExitCode.ShouldBe(ExitCode.CheckFailed);
        twice.Error.ShouldContain("the patch was made for");
    }

    [Fact]
    public async Task Attribute_BasesThatDoNotMatch_SaysHowMany()
    {
        var result = await InProcess.RunAsync("attribute", "--model", GoldenFolder.At("pipeline"), "-p", "a", "-p", "b", "-p", "c", "-b", "x", "-b", "y");

        result.ExitCode.ShouldBe(ExitCode.BadInput);
        result.Error.Trim().ShouldBe("portal: Expected no base prompt, one, or one for each of the 3 prompts, got 2.");
    }

    private string At(string name) => Path.Combine(folder.FullName, name);

    private async Task<byte[]> GenerateAsync(string model, string name, params string[] more)
    {
        var generated = await InProcess.JsonAsync(["generate", "--model", model, "-p", "a dog", "--steps", "2", "--seed", "5", "-o", At(name), .. more]);
        return await File.ReadAllBytesAsync(generated.GetProperty("images")[0].GetProperty("path").GetString()!);
    }
}
