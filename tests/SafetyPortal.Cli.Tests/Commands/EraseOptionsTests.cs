using SafetyPortal.Cli.Output;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Tests;

namespace SafetyPortal.Cli.Tests.Commands;

[Collection(nameof(InProcess))]
public sealed class EraseOptionsTests : IDisposable
{
    private static readonly string Model = GoldenFolder.At("pipeline");
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("erase-options");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Erase_FillsProtectionAndMethods_AreReachableAndRecordedInThePatch()
    {
        var (dog, cat) = (await ScoresOf("a dog"), await ScoresOf("a cat"));

        var plain = await Erased(dog);
        var scaled = await Erased(dog, "--fill", "scale:0.5");
        var mean = await Erased(dog, "--fill", "mean");
        var noise = await Erased(dog, "--fill", "noise:0.02", "--seed", "3");
        var protectedPatch = await Erased(dog, "--protect", cat, "--protect-weight", "2");
        var posterior = await Erased(dog, "--method", "app", "--keep", "a cat");

        plain.Notes["fill"].ShouldBe("zero");
        plain.Tensors.ShouldAllBe(t => t.Fill == null);
        scaled.Notes["fill"].ShouldBe("scale:0.5");
        mean.Notes["fill"].ShouldBe("mean");
        noise.Notes["fill"].ShouldBe("noise:0.02");
        new[] { plain, scaled, mean, noise }.Select(p => p.ResultDigest).ShouldBeUnique();
        scaled.Mask.Overlap(plain.Mask).Jaccard.ShouldBe(1);
        protectedPatch.Notes["protect"].ShouldBe("a cat");
        protectedPatch.Notes["protect_weight"].ShouldBe("2");
        protectedPatch.Mask.Overlap(plain.Mask).Jaccard.ShouldBeInRange(0, 0.99);
        posterior.Notes["method"].ShouldStartWith("APP");
        posterior.Notes["keep"].ShouldBe("a cat");
        posterior.Tensors.ShouldAllBe(t => t.Fill != null);
    }

    [Theory]
    [InlineData("half")]
    [InlineData("scale:0,5")]
    [InlineData("noise:NaN")]
    public async Task Erase_UnknownFill_NamesTheFills(string fill)
    {
        var result = await InProcess.RunAsync("erase", "--model", Model, "-s", await ScoresOf("a dog"), "-r", "0.1", "--fill", fill);

        result.ExitCode.ShouldBe(ExitCode.BadInput);
        result.Error.ShouldContain("scale:FACTOR");
    }

    [Fact]
    public async Task Erase_ScoresOfAnotherModel_AreRefused()
    {
        var other = TinyModelFolder.Create(folder.FullName);
        var weights = Directory.GetFiles(Path.Combine(other, "unet"), "*.safetensors").Single();
        var bytes = await File.ReadAllBytesAsync(weights);
        bytes[^3] ^= 1;
        await File.WriteAllBytesAsync(weights, bytes);

        var result = await InProcess.RunAsync("erase", "--model", other, "-s", await ScoresOf("a dog"), "-r", "0.1", "-o", At("patch"));

        result.ExitCode.ShouldBe(ExitCode.BadInput, result.Error);
        result.Error.ShouldContain("portal attribute on this model");
    }

    [Theory]
    [InlineData("-s")]
    [InlineData("--protect")]
    public async Task Erase_ScoresThatAmplify_MakeNoPatch(string option)
    {
        var (dog, amplified) = (await ScoresOf("a dog"), await ScoresOf("a cat", "--objective", "amplify"));

        string[] scores = option == "-s" ? ["-s", amplified] : ["-s", dog, option, amplified];
        var result = await InProcess.RunAsync(["erase", "--model", Model, "-r", "0.1", "-o", At("amplified"), .. scores]);

        result.ExitCode.ShouldBe(ExitCode.BadInput);
        result.Error.ShouldContain("its objective is amplify");
        File.Exists(At("amplified")).ShouldBeFalse();
    }

    private string At(string name) => Path.Combine(folder.FullName, $"{name}.safetensors");

    private async Task<string> ScoresOf(string prompt, params string[] more)
    {
        var file = At(prompt.Replace(' ', '-'));
        await InProcess.JsonAsync(["attribute", "--model", Model, "-p", prompt, "--steps", "2", "--seeds", "1", "-o", file, .. more]);
        return file;
    }

    private async Task<AblationPatch> Erased(string scores, params string[] more)
    {
        await InProcess.JsonAsync(["erase", "--model", Model, "-s", scores, "-r", "0.1", "-o", At("patch"), .. more]);
        return AblationPatch.Load(At("patch"));
    }
}
