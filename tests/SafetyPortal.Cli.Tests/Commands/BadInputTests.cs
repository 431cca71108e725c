using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Cli.Output;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Images;
using SafetyPortal.Images.Tests;
using SafetyPortal.Requests.Data;
using SafetyPortal.Tests;
using static TorchSharp.torch;

namespace SafetyPortal.Cli.Tests.Commands;

/// <summary>Damaged and hostile input: every command ends with exit code 3 and one clear line, never with a stack trace.</summary>
[Collection(nameof(InProcess))]
public sealed class BadInputTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("bad-input");

    public void Dispose() => folder.Delete(recursive: true);

    // SafetensorsDamageTests has every kind of damage.
    [Theory]
    [InlineData(0, "has 0 bytes")]
    [InlineData(3, "has 3 bytes")]
    [InlineData(-4, "holds only 12 bytes")]
    [InlineData(null, null)]
    public async Task ModelVerify_SafetensorsFile_IsReadToTheEnd(int? length, string? problem)
    {
        var path = Whole();
        var bytes = await File.ReadAllBytesAsync(path);
        await File.WriteAllBytesAsync(path, length is null ? bytes : length < 0 ? bytes[..^(-length.Value)] : bytes[..length.Value]);

        var result = await InProcess.RunAsync("model", "verify", path);

        if (problem is not null)
        {
            ShouldBeRefused(result, problem);
            return;
        }

        result.ExitCode.ShouldBe(ExitCode.Success, result.Error);
        result.Output.ShouldContain("4 values");
    }

    [Fact]
    public async Task ModelVerify_PatchForASingleFile_IsRefused() =>
        (await InProcess.RunAsync("model", "verify", Whole(), "--patch", Whole())).ExitCode.ShouldBe(ExitCode.Usage);

    [Fact]
    public async Task ModelVerify_Pickle_IsRefusedWithTheReason()
    {
        await File.WriteAllBytesAsync(At("model.ckpt"), [0x80, 0x02]);

        ShouldBeRefused(await InProcess.RunAsync("model", "verify", At("model.ckpt")), "run any code");
    }

    [Theory]
    [InlineData("", "portal: Expected a model folder or file at ")]
    [InlineData("--json", "{\"error\":{\"code\":\"bad-input\"")]
    public async Task ModelVerify_NoSuchFolder_SaysWhere(string json, string start)
    {
        var result = await InProcess.RunAsync(["model", "verify", At("nothing"), .. json.Length > 0 ? new[] { json } : []]);

        ShouldBeRefused(result, At("nothing"));
        result.Error.ShouldStartWith(start);
    }

    [Fact]
    public async Task ModelVerify_FolderOfAnotherShape_NamesTheTensors()
    {
        var model = TinyModelFolder.Create(folder.FullName);
        var config = Path.Combine(model, "unet", "config.json");
        var text = await File.ReadAllTextAsync(config);
        await File.WriteAllTextAsync(config, text.Replace("\"cross_attention_dim\": 28", "\"cross_attention_dim\": 32", StringComparison.Ordinal));

        ShouldNotPass(await InProcess.RunAsync("model", "verify", model), "attn2.to_k.weight");
    }

    [Fact]
    public async Task ModelVerify_FolderWithoutUnet_NamesWhatIsMissing()
    {
        var model = TinyModelFolder.Create(folder.FullName);
        Directory.Delete(Path.Combine(model, "unet"), recursive: true);

        ShouldNotPass(await InProcess.RunAsync("model", "verify", model), "unet: the folder is missing");
    }

    [Theory]
    [InlineData("judge/config.json", "{", "judge/config.json")]
    [InlineData("judge/config.json", "{\"objects\": [\"a\"], \"styles\": [\"b\"], \"channels\": [4096, 4096, 4096]}", "does not fit its config.json")]
    [InlineData("clip/config.json", "{\"projection_dim\": 0}", "projection_dim: expected a whole number")]
    [InlineData("clip/model.safetensors", "garbage", "model.safetensors")]
    [InlineData("prompts/objects.csv", "\u0000\u0001", "objects.csv: byte 1 (0x00) on line 1 is not UTF-8 text")]
    public async Task ModelVerify_PartThatOnlyARunReads_IsReadToo(string file, string content, string problem)
    {
        var model = TinyModelFolder.Create(folder.FullName);
        await File.WriteAllTextAsync(Path.Combine(model, file), content);

        ShouldNotPass(await InProcess.RunAsync("model", "verify", model), problem);
    }

    [Theory]
    [InlineData("tokenizer/merges.txt", true)]
    [InlineData("unet/config.json", true)]
    [InlineData("scheduler/scheduler_config.json", true)]
    [InlineData("model_index.json", true)]
    [InlineData("text_encoder/model.safetensors", true)]
    [InlineData("judge/config.json", true)]
    [InlineData("prompts/objects.csv", true)]
    [InlineData("notes.txt", false)]
    public async Task ModelVerify_PipeInTheFolder_DoesNotWait(string file, bool isRead)
    {
        var model = TinyModelFolder.Create(folder.FullName);
        File.Delete(Path.Combine(model, file));
        await RunToolAsync("mkfifo", Path.Combine(model, file));

        var result = await InProcess.RunAsync("model", "verify", model).WaitAsync(TimeSpan.FromMinutes(2));

        if (isRead)
            ShouldNotPass(result, "has 0 bytes, or is a pipe or device");
        else
            result.ExitCode.ShouldBe(ExitCode.Success, result.Output);
    }

    [Fact]
    public async Task Evaluate_HugePng_IsRefusedByItsHeader()
    {
        await File.WriteAllBytesAsync(At("huge.png"), Pictures.PngHeader(30_000, 30_000));

        ShouldBeRefused(await EvaluateAsync("--image", At("huge.png")), "30");
    }

    [Fact]
    public async Task Evaluate_TruncatedJpeg_IsRefused()
    {
        var jpeg = ImageCodec.EncodeJpeg(Pictures.Noise(64, 64));
        await File.WriteAllBytesAsync(At("cut.jpg"), jpeg[..(jpeg.Length / 2)]);

        ShouldBeRefused(await EvaluateAsync("--image", At("cut.jpg")), string.Empty);
    }

    [Theory]
    [InlineData("--nudenet-threshold", "0.6", "--nudenet-threshold has no effect without --nudenet.")]
    [InlineData("--imagenet-labels", "labels.txt", "Expected a file for ResNet, which ImageNetLabels belongs to, got none.")]
    [InlineData("--lpips-linear", "linear.safetensors", "Expected a file for Lpips, which LpipsLinear belongs to, got none.")]
    public async Task Evaluate_OptionOfANetworkThatIsNotGiven_IsRefused(string option, string value, string message) =>
        ShouldBeRefused(await EvaluateAsync(option, value), message);

    [Theory]
    [InlineData("mine.csv")]
    [InlineData("sets")]
    public async Task Evaluate_PromptsGiven_TakeThePlaceOfTheModels(string name)
    {
        var file = name == "sets" ? Path.Combine(Directory.CreateDirectory(At(name)).FullName, "mine.csv") : At(name);
        await File.WriteAllTextAsync(file, "prompt,class,guidance\na church,church,1\na dog,dog,9\na dog,dog,9\n");

        var json = await InProcess.JsonAsync("evaluate", "--model", TinyModelFolder.Create(folder.FullName), "--prompts", At(name), "--steps", "1");

        json.GetProperty("target").GetProperty("detection").GetProperty("n").GetInt32().ShouldBe(1);
    }

    [Fact]
    public async Task Evaluate_PromptsInAnotherEncoding_NamesTheByte()
    {
        await File.WriteAllBytesAsync(At("mine.csv"), Encoding.Latin1.GetBytes("prompt,class\na caf\u00e9,cafe\n"));

        ShouldBeRefused(await EvaluateAsync("--prompts", At("mine.csv"), "--steps", "1"), "mine.csv: byte 19 (0xE9) on line 2 is not UTF-8 text");
    }

    // Seventy-five words fill the text encoder; the concept is behind them.
    [Fact]
    public async Task Generate_PromptBeyondTheEncodersLimit_NamesWhatIsCutOff()
    {
        var result = await InProcess.RunAsync(
            "generate", "--model", GoldenFolder.At("pipeline"), "-p", TooLong(), "-p", "a dog", "--steps", "1", "-o", folder.FullName, "--json");

        result.ExitCode.ShouldBe(ExitCode.Success, result.Error);
        var warning = JsonSerializer.Deserialize<JsonElement>(result.Error).GetProperty("warning").GetProperty("message").GetString().ShouldNotBeNull();
        warning.ShouldStartWith("The text encoder reads 77 tokens of a prompt.");
        warning.ShouldEndWith("it does not read the end: \"and a red church\".");
        var images = JsonSerializer.Deserialize<JsonElement>(result.Output).GetProperty("images");
        images.EnumerateArray().Select(i => i.GetProperty("cutOff").GetString()).ShouldBe(["and a red church", null]);
    }

    [Theory]
    [InlineData("-p", "dog")]
    [InlineData("-p", "dog", "-p", "cat", "-b", "short")]
    public async Task Attribute_PromptBeyondTheEncodersLimit_IsRefused(params string[] prompts)
    {
        var longer = prompts.Select(word => word == "dog" ? TooLong() : word);

        string[] command = ["attribute", "--model", GoldenFolder.At("pipeline"), "--steps", "1", "--seeds", "1", "-o", At("s.safetensors")];
        ShouldBeRefused(await InProcess.RunAsync([.. command, .. longer]), "it does not read the end: \"and a red church\". Shorten the prompt.");
        folder.EnumerateFiles().ShouldBeEmpty();
    }

    // System.CommandLine would read a file in its place.
    [Fact]
    public async Task Generate_PromptThatBeginsWithAt_IsTakenAsItIs()
    {
        await File.WriteAllTextAsync(At("home"), "--seed 1");

        var json = await InProcess.JsonAsync("generate", "--model", GoldenFolder.At("pipeline"), "-p", $"@{At("home")}", "--steps", "1", "-o", folder.FullName);

        json.GetProperty("images")[0].GetProperty("prompt").GetString().ShouldBe($"@{At("home")}");
    }

    // libtorch 2.10 has all layers in both types on the CPU.
    [Theory]
    [InlineData("fp16")]
    [InlineData("bf16")]
    public async Task Generate_HalfPrecision_Computes(string dtype)
    {
        var result = await InProcess.RunAsync(
            "generate", "--model", GoldenFolder.At("pipeline"), "-p", "a dog", "--steps", "1", "--dtype", dtype, "-o", folder.FullName);

        result.ExitCode.ShouldBe(ExitCode.Success, result.Error);
        result.Output.ShouldContain("image-000.png");
    }

    [Theory]
    [InlineData("attribute: ", "No scores were written.", "attribute", "-p", "a dog", "--steps", "100", "--seeds", "1000", "-o", "s.safetensors")]
    [InlineData("before: ", "Nothing was changed.", "evaluate", "--steps", "200")]
    [InlineData("baseline: ", "Give the same command again to go on.", "once", "--image-steps", "1000", "--data", "data")]
    public async Task AnyCommand_EndedBySigterm_SaysWhatWasKept(string stage, string kept, params string[] command)
    {
        using var errors = new BlockingCollection<string>();
        using var process = CommandLineRun.Start(_ => { }, errors.Add, [.. command, "--model", TinyModelFolder.Create(folder.FullName)], folder.FullName);
        string First(string start) => errors.GetConsumingEnumerable(new CancellationTokenSource(TimeSpan.FromMinutes(2)).Token)
            .First(line => line.StartsWith(start, StringComparison.Ordinal));

        First(stage);
        await RunToolAsync("kill", "-TERM", process.Id.ToString(CultureInfo.InvariantCulture));

        First("portal: ").ShouldMatch($"^portal: Cancelled\\. .*{kept}$");
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(ExitCode.Cancelled);
    }

    [Theory]
    [InlineData("audit", "verify")]
    [InlineData("worker")]
    public async Task AnyCommand_FolderWithoutDatabase_IsRefusedAndStaysEmpty(params string[] command)
    {
        ShouldBeRefused(await InProcess.RunAsync([.. command, "--data", folder.FullName]), "portal.db");
        folder.EnumerateFileSystemInfos().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("audit", "verify")]
    [InlineData("worker")]
    [InlineData("once")]
    public async Task AnyCommand_DamagedDatabase_IsRefused(params string[] command)
    {
        await File.WriteAllTextAsync(At("portal.db"), new string('x', 5000));

        ShouldBeRefused(await InProcess.RunAsync([.. command, "--data", folder.FullName]), "not a database");
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("once")]
    [InlineData("worker")]
    public async Task AnyCommand_DataFolderOfAnOlderBuild_IsRefused(params string[] command)
    {
        await using (var old = PortalDbSetup.Open(At(DataFolder.DatabaseName), TimeProvider.System))
        {
            await old.Database.ExecuteSqlRawAsync(
                """
                CREATE TABLE "__EFMigrationsHistory" ("MigrationId" TEXT NOT NULL PRIMARY KEY, "ProductVersion" TEXT NOT NULL);
                INSERT INTO "__EFMigrationsHistory" VALUES ('20261122000421_Initial', '10.0.14');
                CREATE TABLE "AspNetUsers" ("UserName" TEXT);
                """);
        }

        ShouldBeRefused(await InProcess.RunAsync([.. command, "--data", folder.FullName]), "is of another build");
    }

    [Theory]
    [InlineData(null, "attribution")]
    [InlineData("safety-portal-attribution/1", "\"summary\"")]
    public async Task Erase_ScoresThatAreNone_SaysWhatItExpected(string? format, string expected) =>
        ShouldBeRefused(await InProcess.RunAsync("erase", "--model", GoldenFolder.At("pipeline"), "--scores", Whole(format), "--ratio", "0.1"), expected);

    private static void ShouldNotPass(CommandLineResult result, string problem)
    {
        result.ExitCode.ShouldBe(ExitCode.CheckFailed, result.Error + result.Output);
        result.Output.ShouldContain("Problem: ");
        result.Output.ShouldContain(problem);
        result.Error.ShouldBeEmpty();
    }

    private static void ShouldBeRefused(CommandLineResult result, string expected)
    {
        result.ExitCode.ShouldBe(ExitCode.BadInput, result.Error + result.Output);
        result.Error.ShouldContain(expected);
        result.Error.ShouldNotContain("   at ");
        result.Output.ShouldBeEmpty();
    }

    private Task<CommandLineResult> EvaluateAsync(params string[] more) =>
        InProcess.RunAsync(["evaluate", "--model", TinyModelFolder.Create(folder.FullName), .. more]);

    private string At(string name) => Path.Combine(folder.FullName, name);

    /// <summary>A file that holds one float tensor "w" of shape [2, 2].</summary>
    private string Whole(string? format = null)
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(
            At("w.safetensors"), [("w", ones(2, 2))], format is null ? null : new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = format });
        return At("w.safetensors");
    }

    private static string TooLong() => string.Join(' ', Enumerable.Repeat("dog", 75)) + " and a red church";

    private static async Task RunToolAsync(string name, params string[] arguments)
    {
        using var process = Process.Start(name, arguments);
        await process.WaitForExitAsync();
    }
}
