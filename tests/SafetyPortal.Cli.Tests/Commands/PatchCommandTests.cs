using System.Text.Json;
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
        var (scores, patch) = (Path.Combine(folder.FullName, "scores.safetensors"), Path.Combine(folder.FullName, "patch.safetensors"));

        var maps = Path.Combine(folder.FullName, "maps");
        using var attribution = await JsonOf("attribute", "--model", model, "-p", "a dog", "--base", "", "--steps", "2", "--seeds", "1", "-o", scores, "--heatmaps", maps);
        attribution.RootElement.GetProperty("components").GetInt64().ShouldBe(192_000);
        var words = attribution.RootElement.GetProperty("heatmaps").GetProperty("pictures")[0].GetProperty("words").EnumerateArray().ToList();
        words.Select(w => w.GetProperty("word").GetString()).ShouldBe(["a", "dog"]);
        words.ShouldAllBe(w => File.Exists(w.GetProperty("file").GetString()) && w.GetProperty("lowest").GetDouble() > 0 && w.GetProperty("highest").GetDouble() < 1);
        File.ReadAllText(Path.Combine(maps, "heatmaps.json")).ShouldContain("Each map has its own scale");

        using var erased = await JsonOf("erase", "--model", model, "-s", scores, "-r", "0.1", "-o", patch);
        erased.RootElement.GetProperty("ablatedWeights").GetInt64().ShouldBeGreaterThan(1000);

        using var verified = await JsonOf("model", "verify", model, "--patch", patch);
        verified.RootElement.GetProperty("patchedDigest").GetString().ShouldBe(erased.RootElement.GetProperty("resultDigest").GetString());

        var before = await GenerateAsync(model, "before");
        (await GenerateAsync(model, "again")).ShouldBe(before);
        (await GenerateAsync(model, "after", "--patch", patch)).ShouldNotBe(before);

        var baked = Path.Combine(folder.FullName, "baked");
        using var bake = await JsonOf("model", "bake", baked, "--model", model, "--patch", patch);
        bake.RootElement.GetProperty("digest").GetString().ShouldBe(erased.RootElement.GetProperty("resultDigest").GetString());
        (await GenerateAsync(baked, "from-baked")).ShouldBe(await GenerateAsync(model, "from-patch", "--patch", patch));

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

    private async Task<byte[]> GenerateAsync(string model, string name, params string[] more)
    {
        var output = Path.Combine(folder.FullName, name);
        using var generated = await JsonOf(["generate", "--model", model, "-p", "a dog", "--steps", "2", "--seed", "5", "-o", output, .. more]);
        return await File.ReadAllBytesAsync(generated.RootElement.GetProperty("images")[0].GetProperty("path").GetString()!);
    }

    private static async Task<JsonDocument> JsonOf(params string[] arguments)
    {
        var result = await InProcess.RunAsync([.. arguments, "--json"]);
        result.ExitCode.ShouldBe(ExitCode.Success, result.Error);
        return JsonDocument.Parse(result.Output);
    }
}
