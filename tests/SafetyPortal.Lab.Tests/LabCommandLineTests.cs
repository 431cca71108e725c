using SafetyPortal.Cli.Output;
using SafetyPortal.Cli.Tests;

namespace SafetyPortal.Lab.Tests;

[Collection(nameof(InProcess))]
public sealed class LabCommandLineTests
{
    [Theory]
    [InlineData("study", "--concept", "church")]
    [InlineData("study", "--probes", "foo")]
    [InlineData("bench", "--repeat", "0")]
    [InlineData("train-demo", "--threads", "0")]
    [InlineData("bench", "make-model", "out", "--config", "tiny", "--shards", "0")]
    public async Task AnyCommand_WrongCommandLine_ExitsWithUsageAndOneLineOnStandardError(params string[] arguments)
    {
        var result = await InProcess.RunAsync(arguments);

        result.ExitCode.ShouldBe(ExitCode.Usage, result.Error + result.Output);
        result.Output.ShouldBeEmpty();
        result.Error.TrimEnd().ShouldNotContain('\n');
    }

    [Fact]
    public async Task TrainDemo_NoArtwork_IsRefusedWithoutAResult()
    {
        var folder = Directory.CreateTempSubdirectory("train-demo");
        try
        {
            var missing = Path.Combine(folder.FullName, "nothing");
            var work = Path.Combine(folder.FullName, "work");
            var result = await InProcess.RunAsync("train-demo", "--artwork", missing, "--work", work, "--stage", "vae", "--steps", "1", "--json");

            result.ExitCode.ShouldBe(ExitCode.BadInput, result.Error + result.Output);
            result.Error.ShouldContain(missing);
            result.Output.ShouldBeEmpty();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
