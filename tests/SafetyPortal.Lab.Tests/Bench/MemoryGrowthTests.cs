using System.Text.Json;
using SafetyPortal.Cli.Output;
using SafetyPortal.Cli.Tests;

namespace SafetyPortal.Lab.Tests.Bench;

public sealed class MemoryGrowthTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("growth");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Bench_TwoHundredImages_LeavesNoTensorAndNoMemory()
    {
        var model = Path.Combine(folder.FullName, "tiny");
        (await CommandLineRun.ToEndAsync("bench", "make-model", "--config", "tiny", model)).ExitCode.ShouldBe(ExitCode.Success);

        // A process of its own: other tests would be counted too. Five steps an image fill the allocator's pools before the first reading.
        var run = await CommandLineRun.ToEndAsync("bench", "--model", model, "--case", "generate-200", "--generation-steps", "5", "--threads", "1", "--json");

        run.ExitCode.ShouldBe(ExitCode.Success, run.Error);
        using var report = JsonDocument.Parse(run.Output);
        var growth = report.RootElement.GetProperty("cases")[0].GetProperty("growth");
        growth.GetProperty("tensorsBefore").GetInt64().ShouldBeGreaterThan(100); // the model's own
        growth.GetProperty("tensorsAfter").GetInt64().ShouldBe(growth.GetProperty("tensorsBefore").GetInt64());

        // 180 images of 128 x 128 pixels that stayed would take 9 MiB as bytes and 35 as floats, their latents and maps far more.
        var (before, after) = (growth.GetProperty("beforeMiB").GetInt64(), growth.GetProperty("afterMiB").GetInt64());
        (after - before).ShouldBeLessThan(8, $"{before} MiB after the first images, {after} MiB at the end");
    }
}
