using System.Text.Json;
using SafetyPortal.Tests;

namespace SafetyPortal.Lab.Parity;

public sealed class ParityCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("parity").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("03_clip_full", "text_embeds", "text_embeds")]
    [InlineData("05_schedulers", "ddim_sd.25.traj", "ddim_sd.25.traj")]
    [InlineData("08_metrics", "pairs.b_u8", "ssim pair 0")]
    public async Task Parity_TensorAltered_NamesItAndExitsWithOne(string item, string tensor, string check)
    {
        Copy(item);
        Copy("pipeline");
        if (item != "03_clip_full")
            Copy("03_clip_full");
        Alter(Path.Combine(folder, item, "io.safetensors"), tensor);

        var (exit, report) = await RunJson(folder, "--item", item);

        exit.ShouldBe(1);
        report.GetProperty("passed").GetBoolean().ShouldBeFalse();
        var entry = report.GetProperty("items").EnumerateArray().Single(i => i.GetProperty("item").GetString() == item);
        entry.GetProperty("status").GetString().ShouldBe("failed");
        entry.GetProperty("failures").EnumerateArray().Select(f => f.GetProperty("name").GetString()).ShouldContain(check);
    }

    [Fact]
    public void Check_PairOfEqualPictures_ComparesItsInfiniteRatioAndAllThatFollows()
    {
        foreach (var item in new[] { "08_metrics", "03_clip_full", "pipeline" })
            Copy(item);
        RepeatFirstPicture(Path.Combine(folder, "08_metrics", "io.safetensors"), "pairs.a_u8", "pairs.b_u8", pictures: 4);
        var numbers = Path.Combine(folder, "08_metrics", "metrics.json");
        File.WriteAllText(numbers, File.ReadAllText(numbers)
            .Replace("42.18443625917766", "Infinity", StringComparison.Ordinal)
            .Replace("0.9975051068184481", "1.0", StringComparison.Ordinal)
            .Replace("3.9322102864583335", "0.0", StringComparison.Ordinal));

        var whole = ParityRun.Check(GoldenFolder.At(), ["08_metrics"]).ShouldHaveSingleItem();
        var altered = ParityRun.Check(folder, ["08_metrics"]).ShouldHaveSingleItem();

        altered.Checks.ShouldBe(whole.Checks);
        altered.Failures.ShouldAllBe(f => f.Name.StartsWith("lpips", StringComparison.Ordinal));
    }

    [Fact]
    public void Number_EqualInfinitiesOrNoNumbers_HasNoError()
    {
        using var item = new GoldenItem(folder, "numbers");

        item.Number("infinite", double.PositiveInfinity, double.PositiveInfinity, 1e-5);
        item.Number("no number", double.NaN, double.NaN, 1e-5);
        item.Number("one infinite", 42, double.PositiveInfinity, 1e-5);
        item.Number("opposite", double.NegativeInfinity, double.PositiveInfinity, 1e-5);

        item.Checks.Select(c => c.Passed).ShouldBe([true, true, false, false]);
    }

    [Fact]
    public async Task Parity_OtherIdsInTheTokenFile_ExitsWithOne()
    {
        Copy("04_tokenizer");
        Copy("pipeline");
        var path = Path.Combine(folder, "04_tokenizer", "tokens.jsonl");
        File.WriteAllText(path, File.ReadAllText(path).Replace("[49406, 320, 1125, 539,", "[49406, 320, 1125, 540,", StringComparison.Ordinal));

        (await RunJson(folder, "--item", "04_tokenizer")).Exit.ShouldBe(1);
    }

    [Fact]
    public async Task Parity_OneItemAlone_ReportsTheOthersAsAbsent()
    {
        Copy("05_schedulers");

        var (exit, report) = await RunJson(folder);

        exit.ShouldBe(0);
        report.GetProperty("items").EnumerateArray().Count(i => i.GetProperty("status").GetString() == "absent").ShouldBe(ParityRun.ItemNames.Count - 1);
    }

    [Fact]
    public async Task Parity_ItemWithoutItsModel_FailsWithTheReason()
    {
        Copy("01_unet");

        var (exit, report) = await RunJson(folder);

        exit.ShouldBe(1);
        report.GetRawText().ShouldContain("no such folder");
    }

    [Fact]
    public async Task Parity_FolderWithoutItems_IsBadInput()
    {
        var command = ParityCommand.Create();

        (await command.Parse([folder]).InvokeAsync()).ShouldBe(3);
    }

    private static async Task<(int Exit, JsonElement Report)> RunJson(params string[] arguments)
    {
        var before = Console.Out;
        using var output = new StringWriter();
        Console.SetOut(output);
        try
        {
            var exit = await ParityCommand.Create().Parse([.. arguments, "--json"]).InvokeAsync();
            using var report = JsonDocument.Parse(output.ToString());
            return (exit, report.RootElement.Clone());
        }
        finally
        {
            Console.SetOut(before);
        }
    }

    // Puts the first picture of one tensor in the place of the first of another.
    private static void RepeatFirstPicture(string file, string from, string to, int pictures)
    {
        var bytes = File.ReadAllBytes(file);
        var ((start, end), place) = (Range(bytes, from), Range(bytes, to).Start);
        bytes.AsSpan(start, (end - start) / pictures).CopyTo(bytes.AsSpan(place));
        File.WriteAllBytes(file, bytes);
    }

    // Flips the top exponent bits of the first hundred numbers of a tensor.
    private static void Alter(string file, string tensor)
    {
        var bytes = File.ReadAllBytes(file);
        var (start, end) = Range(bytes, tensor);
        for (var i = start + 3; i < Math.Min(end, start + 400); i += 4)
            bytes[i] ^= 0x42;
        File.WriteAllBytes(file, bytes);
    }

    private static (int Start, int End) Range(byte[] file, string tensor)
    {
        var header = (int)BitConverter.ToInt64(file, 0);
        using var document = JsonDocument.Parse(file.AsMemory(8, header));
        var offsets = document.RootElement.GetProperty(tensor).GetProperty("data_offsets");
        return (8 + header + offsets[0].GetInt32(), 8 + header + offsets[1].GetInt32());
    }

    private void Copy(string item)
    {
        foreach (var file in Directory.EnumerateFiles(GoldenFolder.At(item), "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(folder, Path.GetRelativePath(GoldenFolder.At(), file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
