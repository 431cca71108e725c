using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Cli.Output;
using SafetyPortal.Images;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Tests;

namespace SafetyPortal.Cli.Tests.Commands;

/// <summary>Damaged and hostile input: every command ends with exit code 3 and one clear line, never with a stack trace.</summary>
[Collection(nameof(InProcess))]
public sealed class BadInputTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("bad-input");

    public void Dispose() => folder.Delete(recursive: true);

    /// <summary>Twenty kinds of damage to a file that holds one float tensor "w" of shape [2, 2].</summary>
    public static TheoryData<string> Damages => new(Files().Keys);

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task ModelVerify_DamagedSafetensors_IsRefusedClearly(string damage)
    {
        var path = Path.Combine(folder.FullName, "w.safetensors");
        await System.IO.File.WriteAllBytesAsync(path, Files()[damage]);

        ShouldBeRefused(await InProcess.RunAsync("model", "verify", path), "w.safetensors");
    }

    [Fact]
    public async Task ModelVerify_WholeSafetensors_IsAccepted()
    {
        var path = Path.Combine(folder.FullName, "w.safetensors");
        await System.IO.File.WriteAllBytesAsync(path, Whole());

        var result = await InProcess.RunAsync("model", "verify", path);

        result.ExitCode.ShouldBe(ExitCode.Success, result.Error);
        result.Output.ShouldContain("4 values");
    }

    [Fact]
    public async Task ModelVerify_Pickle_IsRefusedWithTheReason()
    {
        var path = Path.Combine(folder.FullName, "model.ckpt");
        await System.IO.File.WriteAllBytesAsync(path, [0x80, 0x02]);

        ShouldBeRefused(await InProcess.RunAsync("model", "verify", path), "run any code");
    }

    [Fact]
    public async Task ModelVerify_NoSuchFolder_SaysWhere() =>
        ShouldBeRefused(await InProcess.RunAsync("model", "verify", Path.Combine(folder.FullName, "nothing")), "nothing");

    [Fact]
    public async Task ModelVerify_FolderOfAnotherShape_NamesTheTensors()
    {
        var model = TinyModelFolder.Create(folder.FullName);
        var config = Path.Combine(model, "unet", "config.json");
        await System.IO.File.WriteAllTextAsync(config, (await System.IO.File.ReadAllTextAsync(config)).Replace("\"cross_attention_dim\": 28", "\"cross_attention_dim\": 32", StringComparison.Ordinal));

        var result = await InProcess.RunAsync("model", "verify", model);

        ShouldNotPass(result, "attn2.to_k.weight");
    }

    [Fact]
    public async Task ModelVerify_FolderWithoutUnet_NamesWhatIsMissing()
    {
        var model = TinyModelFolder.Create(folder.FullName);
        Directory.Delete(Path.Combine(model, "unet"), recursive: true);

        ShouldNotPass(await InProcess.RunAsync("model", "verify", model), "unet: the folder is missing");
    }

    [Fact]
    public async Task Evaluate_HugePng_IsRefusedByItsHeader()
    {
        var path = Path.Combine(folder.FullName, "huge.png");
        await System.IO.File.WriteAllBytesAsync(path, PngHeader(30_000, 30_000));

        ShouldBeRefused(await InProcess.RunAsync("evaluate", "--model", TinyModelFolder.Create(folder.FullName), "--image", path), "30");
    }

    [Fact]
    public async Task Evaluate_TruncatedJpeg_IsRefused()
    {
        var path = Path.Combine(folder.FullName, "cut.jpg");
        var jpeg = ImageCodec.EncodeJpeg(new Raster(64, 64, 3, [.. Enumerable.Range(0, 64 * 64 * 3).Select(i => (byte)(i * 7))]));
        await System.IO.File.WriteAllBytesAsync(path, jpeg[..(jpeg.Length / 2)]);

        ShouldBeRefused(await InProcess.RunAsync("evaluate", "--model", TinyModelFolder.Create(folder.FullName), "--image", path), string.Empty);
    }

    [Fact]
    public async Task Erase_ScoresThatAreNone_SaysWhatItExpected()
    {
        var path = Path.Combine(folder.FullName, "scores.safetensors");
        await System.IO.File.WriteAllBytesAsync(path, Whole());

        ShouldBeRefused(
            await InProcess.RunAsync("erase", "--model", GoldenFolder.At("pipeline"), "--scores", path, "--ratio", "0.1"), "attribution");
    }

    [Theory]
    [InlineData("erase", "--ratio", "a lot")]
    [InlineData("once", "--concept", "church")]
    [InlineData("once", "--targets", "0")]
    [InlineData("no-such-command")]
    [InlineData("evaluate", "--concept", "church")]
    [InlineData("evaluate", "--targets", "0")]
    [InlineData("evaluate", "--image", "a.png", "--patch", "a.safetensors")]
    [InlineData("redteam", "--patch", "a.safetensors", "--concept", "church")]
    [InlineData("redteam", "--patch", "a.safetensors", "--concept", "nudity", "--probes", "none")]
    [InlineData("attribute", "-p", "a dog", "--seeds", "0")]
    [InlineData("generate", "-p", "a dog", "--count", "-3")]
    [InlineData("generate", "-p", "a dog", "--guidance", "7,5")]
    [InlineData("generate", "-p", "a dog", "--guidance", "1001")]
    [InlineData("generate", "-p", "a dog", "--guidance", "NaN")]
    [InlineData("generate", "-p", "a dog", "--guidance", "1e999")]
    [InlineData("generate", "-p", "a dog", "--guidance", "1 000")]
    [InlineData("generate", "-p", "a dog", "--seed", "-1")]
    [InlineData("generate", "-p", "a dog", "--seed", "1e3")]
    [InlineData("generate", "-p", "a dog", "--seed", "0x10")]
    [InlineData("generate", "-p", "a dog", "--seed", "9007199254740992")]
    [InlineData("generate", "-p", "a dog", "--seed", "1", "--seed", "2")]
    [InlineData("generate", "-p", "a dog", "--steps", "1,000")]
    [InlineData("generate", "-p", "a dog", "--steps", "5.0")]
    [InlineData("generate", "-p", "a dog", "--count", "65")]
    [InlineData("generate", "-p", "a dog", "--dtype", "FP16")]
    [InlineData("attribute", "-p", "a dog", "--objective", "1")]
    [InlineData("attribute", "-p", "a dog", "--objective", "erase,amplify")]
    [InlineData("attribute", "-p", "a dog", "--objective", "amplify", "--base", "a picture")]
    [InlineData("attribute", "-p", "a dog", "--objective", "amplify", "--faithfulness")]
    [InlineData("erase", "-s", "a.safetensors", "--ratio", "0,1")]
    [InlineData("erase", "-s", "a.safetensors", "--ratio", "0")]
    [InlineData("erase", "-s", "a.safetensors", "-r", "0.1", "--protect", "b.safetensors", "--protect-weight", "0,5")]
    [InlineData("erase", "-s", "a.safetensors", "-r", "0.1", "--protect-weight", "0.5")]
    [InlineData("erase", "-s", "a.safetensors", "-r", "0.1", "--keep", "a dog")]
    [InlineData("erase", "-s", "a.safetensors", "-r", "0.1", "--method", "app", "--scope", "row")]
    [InlineData("erase", "-s", "a.safetensors", "-r", "0.1", "--method", "2")]
    [InlineData("evaluate", "--image", "a.png", "--targets", "4")]
    [InlineData("evaluate", "--nudenet-threshold", "0,5")]
    [InlineData("evidence", "verify", "a.zip", "--threads", "2")]
    [InlineData("evidence", "verify", "a.zip", "--rerun", "-1")]
    [InlineData("once", "--dose", "0,02")]
    [InlineData("once", "--dose", "0.6")]
    [InlineData("redteam", "--patch", "a.safetensors", "--concept", "nudity", "--images", "65")]
    [InlineData("redteam", "--patch", "a.safetensors", "--concept", "nudity", "--probes", "noise", "--prompt", "a dog")]
    [InlineData("serve", "--demo", "--url", "http://0.0.0.0:5080")]
    [InlineData("serve", "--url", "nowhere")]
    public async Task AnyCommand_WrongCommandLine_ExitsWithUsageAndOneLineOnStandardError(params string[] arguments)
    {
        var result = await InProcess.RunAsync(arguments);

        result.ExitCode.ShouldBe(ExitCode.Usage, result.Error + result.Output);
        result.Output.ShouldBeEmpty();
        result.Error.ShouldStartWith("portal: ");
        result.Error.TrimEnd().ShouldNotContain('\n');
    }

    [Theory]
    [InlineData("--nudenet-threshold", "0.6", "--nudenet-threshold has no effect without --nudenet.")]
    [InlineData("--imagenet-labels", "labels.txt", "Expected a file for ResNet, which ImageNetLabels belongs to, got none.")]
    [InlineData("--lpips-linear", "linear.safetensors", "Expected a file for Lpips, which LpipsLinear belongs to, got none.")]
    public async Task Evaluate_OptionOfANetworkThatIsNotGiven_IsRefused(string option, string value, string message) =>
        ShouldBeRefused(await InProcess.RunAsync("evaluate", "--model", TinyModelFolder.Create(folder.FullName), option, value), message);

    // Seventy-five words fill the text encoder; the concept is behind them.
    [Fact]
    public async Task Generate_PromptBeyondTheEncodersLimit_NamesWhatIsCutOff()
    {
        var prompt = string.Join(' ', Enumerable.Repeat("dog", 75)) + " and a red church";

        var result = await InProcess.RunAsync("generate", "--model", GoldenFolder.At("pipeline"), "-p", prompt, "-p", "a dog", "--steps", "1", "-o", folder.FullName, "--json");

        result.ExitCode.ShouldBe(ExitCode.Success, result.Error);
        using var warning = JsonDocument.Parse(result.Error);
        var message = warning.RootElement.GetProperty("warning").GetProperty("message").GetString().ShouldNotBeNull();
        message.ShouldStartWith("The text encoder reads 77 tokens of a prompt.");
        message.ShouldEndWith("it does not read the end: \"and a red church\".");
        using var json = JsonDocument.Parse(result.Output);
        json.RootElement.GetProperty("images").EnumerateArray().Select(i => i.GetProperty("cutOff").GetString()).ShouldBe(["and a red church", null]);
    }

    [Theory]
    [InlineData("-p", "dog")]
    [InlineData("-p", "dog", "-p", "cat", "-b", "short")]
    public async Task Attribute_PromptBeyondTheEncodersLimit_IsRefused(params string[] prompts)
    {
        var longer = prompts.Select(word => word == "dog" ? string.Join(' ', Enumerable.Repeat("dog", 75)) + " and a red church" : word);

        ShouldBeRefused(
            await InProcess.RunAsync(["attribute", "--model", GoldenFolder.At("pipeline"), "--steps", "1", "--seeds", "1", "-o", Path.Combine(folder.FullName, "s.safetensors"), .. longer]),
            "it does not read the end: \"and a red church\". Shorten the prompt.");
        folder.EnumerateFiles().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("mine.csv")]
    [InlineData("sets")]
    public async Task Evaluate_PromptsGiven_TakeThePlaceOfTheModels(string name)
    {
        var path = Path.Combine(folder.FullName, name);
        var file = name == "sets" ? Path.Combine(Directory.CreateDirectory(path).FullName, "mine.csv") : path;
        await System.IO.File.WriteAllTextAsync(file, "prompt,class,guidance\na church,church,1\na dog,dog,9\na dog,dog,9\n");

        var result = await InProcess.RunAsync("evaluate", "--model", TinyModelFolder.Create(folder.FullName), "--prompts", path, "--steps", "1", "--json");

        result.ExitCode.ShouldBe(ExitCode.Success, result.Error);
        using var json = JsonDocument.Parse(result.Output);
        json.RootElement.GetProperty("target").GetProperty("detection").GetProperty("n").GetInt32().ShouldBe(1);
    }

    [Fact]
    public async Task Evaluate_PromptsInAnotherEncoding_NamesTheByte()
    {
        var path = Path.Combine(folder.FullName, "mine.csv");
        await System.IO.File.WriteAllBytesAsync(path, Encoding.Latin1.GetBytes("prompt,class\na caf\u00e9,cafe\n"));

        ShouldBeRefused(
            await InProcess.RunAsync("evaluate", "--model", TinyModelFolder.Create(folder.FullName), "--prompts", path, "--steps", "1"),
            "mine.csv: byte 19 (0xE9) on line 2 is not UTF-8 text");
    }

    // Computes where libtorch has the layers in this type, and otherwise says in one sentence that it has not.
    [Theory]
    [InlineData("fp16")]
    [InlineData("bf16")]
    public async Task Generate_HalfPrecision_ComputesOrSaysThatItCannot(string dtype)
    {
        var result = await InProcess.RunAsync("generate", "--model", GoldenFolder.At("pipeline"), "-p", "a dog", "--steps", "1", "--dtype", dtype, "-o", folder.FullName);

        if (result.ExitCode == ExitCode.Success) result.Output.ShouldContain("image-000.png");
        else ShouldBeRefused(result, $"portal: This libtorch cannot compute in {dtype} on cpu; use --dtype fp32.");
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
        await System.IO.File.WriteAllTextAsync(Path.Combine(model, file), content);

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
        System.IO.File.Delete(Path.Combine(model, file));
        using (var made = System.Diagnostics.Process.Start("mkfifo", Path.Combine(model, file))) await made.WaitForExitAsync();

        var result = await InProcess.RunAsync("model", "verify", model).WaitAsync(TimeSpan.FromMinutes(2));

        if (isRead) ShouldNotPass(result, "has 0 bytes, or is a pipe or device");
        else result.ExitCode.ShouldBe(ExitCode.Success, result.Output);
    }

    [Fact]
    public async Task Attribute_EndedBySigterm_SaysWhatWasKept()
    {
        var errors = new System.Collections.Concurrent.BlockingCollection<string>();
        using var process = CommandLineRun.Start(
            _ => { }, errors.Add, ["attribute", "--model", GoldenFolder.At("pipeline"), "-p", "a dog", "--steps", "100", "--seeds", "1000", "-o", Path.Combine(folder.FullName, "s.safetensors")]);
        string First(Func<string, bool> wanted) => errors.GetConsumingEnumerable(new CancellationTokenSource(TimeSpan.FromMinutes(2)).Token).First(wanted);

        First(line => line.StartsWith("attribute: ", StringComparison.Ordinal));
        using (var kill = System.Diagnostics.Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])) await kill.WaitForExitAsync();

        First(line => line.StartsWith("portal: ", StringComparison.Ordinal)).ShouldBe("portal: Cancelled. No scores were written.");
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(ExitCode.Cancelled);
    }

    [Fact]
    public async Task AnyCommand_WrongCommandLineAsJson_IsAnErrorObject()
    {
        var result = await InProcess.RunAsync("redteam", "--patch", "a.safetensors", "--concept", "nudity", "--probes", "foo", "--json");

        result.ExitCode.ShouldBe(ExitCode.Usage);
        result.Output.ShouldBeEmpty();
        using var json = JsonDocument.Parse(result.Error);
        json.RootElement.GetProperty("error").GetProperty("code").GetString().ShouldBe("usage");
        json.RootElement.GetProperty("error").GetProperty("message").GetString().ShouldNotBeNull().ShouldContain("\"foo\"");
    }

    [Fact]
    public async Task ModelVerify_PatchForASingleFile_IsRefused()
    {
        var path = Path.Combine(folder.FullName, "w.safetensors");
        await System.IO.File.WriteAllBytesAsync(path, Whole());

        (await InProcess.RunAsync("model", "verify", path, "--patch", path)).ExitCode.ShouldBe(ExitCode.Usage);
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
        await System.IO.File.WriteAllTextAsync(Path.Combine(folder.FullName, "portal.db"), new string('x', 5000));

        ShouldBeRefused(await InProcess.RunAsync([.. command, "--data", folder.FullName]), "not a database");
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("once")]
    [InlineData("worker")]
    public async Task AnyCommand_DataFolderOfAnOlderBuild_IsRefused(params string[] command)
    {
        await using (var old = PortalDbSetup.Open(Path.Combine(folder.FullName, DataFolder.DatabaseName), TimeProvider.System))
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

    [Fact]
    public async Task Erase_ScoresWithoutASummary_SaysWhatIsMissing()
    {
        var path = Path.Combine(folder.FullName, "scores.safetensors");
        await System.IO.File.WriteAllBytesAsync(
            path, File("{\"__metadata__\":{\"format\":\"safety-portal-attribution/1\"},\"w\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}", 16));

        ShouldBeRefused(await InProcess.RunAsync("erase", "--model", GoldenFolder.At("pipeline"), "--scores", path, "--ratio", "0.1"), "\"summary\"");
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Guard_RefusalOfARule_IsAnOutcomeAndNoErrorOfTheProgram(Exception refusal, int expected)
    {
        var (error, text) = (Console.Error, new StringWriter());
        Console.SetError(text);
        try
        {
            (await Failures.Guard(json: false, () => throw refusal)).ShouldBe(expected);
        }
        finally
        {
            Console.SetError(error);
        }

        text.ToString().ShouldBe($"portal: {refusal.Message}{Environment.NewLine}");
    }

    public static TheoryData<Exception, int> Refusals => new()
    {
        { new DuplicateRequestException(3, "Request 3 is open."), ExitCode.BadInput },
        { new BrokenHistoryException("The history is broken."), ExitCode.CheckFailed },
        { new IllegalMoveException("A rejected request cannot be approved."), ExitCode.CheckFailed },
        { new DecisionDeniedException(new ApprovalVerdict(Allowed: false, "own-request", "The requester decides nothing.", QuorumMet: false)), ExitCode.CheckFailed },
    };

    [Fact]
    public async Task ModelVerify_BadInputAsJson_ReportsAnErrorObject()
    {
        var result = await InProcess.RunAsync("model", "verify", Path.Combine(folder.FullName, "nothing"), "--json");

        result.Error.ShouldStartWith("{\"error\":{\"code\":\"bad-input\"");
    }

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

    private static byte[] Whole() => File("{\"w\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}", 16);

    private static Dictionary<string, byte[]> Files() => new(StringComparer.Ordinal)
    {
        ["empty file"] = [],
        ["shorter than the length field"] = [1, 2, 3],
        ["header longer than the file"] = [.. Length(1_000_000), .. "{}"u8],
        ["header length overflows"] = [.. Length(-1), .. "{}"u8],
        ["header of zero bytes"] = Length(0),
        ["header is no JSON"] = File("not json at all", 16),
        ["header is cut JSON"] = File("{\"w\":{\"dtype\":\"F32\"", 16),
        ["header is an array"] = File("[]", 16),
        ["header is not UTF-8"] = [.. Length(4), 0xff, 0xfe, 0xff, 0xfe, .. new byte[16]],
        ["unknown dtype"] = Entry("F31", "[2,2]", "[0,16]"),
        ["negative size"] = Entry("F32", "[-2,2]", "[0,16]"),
        ["sizes whose product overflows"] = Entry("F32", "[4294967296,4294967296,4294967296]", "[0,16]"),
        ["shape is no list"] = Entry("F32", "4", "[0,16]"),
        ["offsets the wrong way round"] = Entry("F32", "[2,2]", "[16,0]"),
        ["offsets beyond the file"] = Entry("F32", "[2,2]", "[0,1600]"),
        ["offsets that do not fit the shape"] = Entry("F32", "[2,2]", "[0,12]"),
        ["negative offsets"] = Entry("F32", "[2,2]", "[-16,0]"),
        ["overlapping tensors"] = File(
            "{\"v\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12),
        ["a tensor named twice"] = File(
            "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}", 16),
        ["data cut short"] = Whole()[..^4],
    };

    private static byte[] Entry(string dtype, string shape, string offsets) =>
        File($"{{\"w\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":{offsets}}}}}", 16);

    private static byte[] File(string header, int data) => [.. Length(Encoding.UTF8.GetByteCount(header)), .. Encoding.UTF8.GetBytes(header), .. new byte[data]];

    private static byte[] Length(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return bytes;
    }

    /// <summary>A PNG that claims a size and holds next to nothing: what a decompression bomb looks like before it goes off.</summary>
    private static byte[] PngHeader(int width, int height)
    {
        byte[] header = [.. "IHDR"u8, .. BigEndian(width), .. BigEndian(height), 8, 2, 0, 0, 0];
        byte[] data = [.. "IDAT"u8, 0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01];
        return
        [
            0x89, .. "PNG\r\n"u8, 0x1a, 0x0a,
            .. BigEndian(13), .. header, .. BigEndian(Crc(header)),
            .. BigEndian(data.Length - 4), .. data, .. BigEndian(Crc(data)),
        ];

        static byte[] BigEndian(int value)
        {
            var bytes = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(bytes, value);
            return bytes;
        }

        static int Crc(byte[] bytes)
        {
            var crc = uint.MaxValue;
            foreach (var b in bytes)
            {
                crc ^= b;
                for (var bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) * 0xedb88320);
            }

            return unchecked((int)~crc);
        }
    }
}
