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
