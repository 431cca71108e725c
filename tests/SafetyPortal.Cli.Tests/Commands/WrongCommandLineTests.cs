using SafetyPortal.Cli.Output;

namespace SafetyPortal.Cli.Tests.Commands;

/// <summary>Options that do not parse as they look, or have no effect where they are given: exit code 2 and one line, before any file is read.</summary>
[Collection(nameof(InProcess))]
public sealed class WrongCommandLineTests
{
    [Theory]
    [InlineData("no-such-command")]
    [InlineData("attribute", "-p", "a dog", "--seeds", "0")]
    [InlineData("attribute", "-p", "a dog", "--objective", "1")]
    [InlineData("attribute", "-p", "a dog", "--objective", "erase,amplify")]
    [InlineData("attribute", "-p", "a dog", "--objective", "amplify", "--base", "a picture")]
    [InlineData("attribute", "-p", "a dog", "--objective", "amplify", "--faithfulness")]
    [InlineData("erase", "-s", "a.safetensors", "--ratio", "a lot")]
    [InlineData("erase", "-s", "a.safetensors", "--ratio", "0,1")]
    [InlineData("erase", "-s", "a.safetensors", "--ratio", "0")]
    [InlineData("erase", "-s", "a.safetensors", "-r", "0.1", "--protect", "b.safetensors", "--protect-weight", "0,5")]
    [InlineData("erase", "-s", "a.safetensors", "-r", "0.1", "--protect-weight", "0.5")]
    [InlineData("erase", "-s", "a.safetensors", "-r", "0.1", "--keep", "a dog")]
    [InlineData("erase", "-s", "a.safetensors", "-r", "0.1", "--seed", "1")]
    [InlineData("erase", "-s", "a.safetensors", "-r", "0.1", "--method", "2")]
    [InlineData("erase", "-s", "a.safetensors", "-r", "0.1", "--method", "improved", "--keep", " ")]
    [InlineData("erase", "-s", "a.safetensors", "-r", "0.1", "--method", "app", "--scope", "row")]
    [InlineData("evaluate", "--concept", "church")]
    [InlineData("evaluate", "--targets", "0")]
    [InlineData("evaluate", "--nudenet-threshold", "0,5")]
    [InlineData("evaluate", "--image", "a.png", "--patch", "a.safetensors")]
    [InlineData("evaluate", "--image", "a.png", "--targets", "4")]
    [InlineData("evaluate", "--image", "a.png", "--second-judge")]
    [InlineData("evaluate", "--image", "a.png", "--lpips", "a.safetensors")]
    [InlineData("evidence", "verify", "a.zip", "--threads", "2")]
    [InlineData("evidence", "verify", "a.zip", "--rerun", "-1")]
    [InlineData("generate", "-p", "a dog", "--count", "-3")]
    [InlineData("generate", "-p", "a dog", "--count", "65")]
    [InlineData("generate", "-p", "a dog", "--device", "cpu\n")]
    [InlineData("generate", "-p", "a dog", "--dtype", "FP16")]
    [InlineData("generate", "-p", "a dog", "--guidance", "7,5")]
    [InlineData("generate", "-p", "a dog", "--guidance", "1001")]
    [InlineData("generate", "-p", "a dog", "--guidance", "NaN")]
    [InlineData("generate", "-p", "a dog", "--guidance", "1e999")]
    [InlineData("generate", "-p", "a dog", "--guidance", "1 000")]
    [InlineData("generate", "-p", "a dog", "--guidance", "")]
    [InlineData("generate", "-p", "a dog", "--seed", "-1")]
    [InlineData("generate", "-p", "a dog", "--seed", "1e3")]
    [InlineData("generate", "-p", "a dog", "--seed", "0x10")]
    [InlineData("generate", "-p", "a dog", "--seed", "9007199254740992")]
    [InlineData("generate", "-p", "a dog", "--seed", "1", "--seed", "2")]
    [InlineData("generate", "-p", "a dog", "--steps", "1,000")]
    [InlineData("generate", "-p", "a dog", "--steps", "5.0")]
    [InlineData("once", "--concept", "church")]
    [InlineData("once", "--dose", "0,02")]
    [InlineData("once", "--dose", "0.6")]
    [InlineData("once", "--targets", "0")]
    [InlineData("redteam", "--patch", "a.safetensors", "--concept", "church")]
    [InlineData("redteam", "--patch", "a.safetensors", "--concept", "nudity", "--images", "65")]
    [InlineData("redteam", "--patch", "a.safetensors", "--concept", "nudity", "--inception", "a.safetensors")]
    [InlineData("redteam", "--patch", "a.safetensors", "--concept", "nudity", "--lpips", "a.safetensors")]
    [InlineData("redteam", "--patch", "a.safetensors", "--concept", "nudity", "--probes", "none")]
    [InlineData("redteam", "--patch", "a.safetensors", "--concept", "nudity", "--probes", "noise", "--prompt", "a dog")]
    [InlineData("redteam", "--patch", "a.safetensors", "--concept", "nudity", "--synonym", "")]
    [InlineData("serve", "--demo", "--url", "http://0.0.0.0:5080")]
    [InlineData("serve", "--url", "nowhere")]
    [InlineData("serve", "--url", "")]
    public async Task AnyCommand_WrongCommandLine_ExitsWithUsageAndOneLineOnStandardError(params string[] arguments)
    {
        var result = await InProcess.RunAsync(arguments);

        result.ExitCode.ShouldBe(ExitCode.Usage, result.Error + result.Output);
        result.Output.ShouldBeEmpty();
        result.Error.ShouldStartWith("portal: ");
        result.Error.TrimEnd().ShouldNotContain('\n');
    }

    [Theory]
    [InlineData("give --keep", "--method", "improved")]
    [InlineData("finds its own values", "--method", "app", "--fill", "scale:0.5")]
    [InlineData("from 0 to 100, not \"-1\"", "--protect", "b.safetensors", "--protect-weight", "-1")]
    public async Task Erase_OptionsThatDoNotGoTogether_SaysWhy(string expected, params string[] more)
    {
        var result = await InProcess.RunAsync(["erase", "-s", "a.safetensors", "-r", "0.1", .. more]);

        result.ExitCode.ShouldBe(ExitCode.Usage);
        result.Error.ShouldContain(expected);
    }

    [Fact]
    public async Task AnyCommand_WrongCommandLineAsJson_IsAnErrorObject()
    {
        var result = await InProcess.RunAsync("redteam", "--patch", "a.safetensors", "--concept", "nudity", "--probes", "foo", "--json");

        result.ExitCode.ShouldBe(ExitCode.Usage);
        result.Output.ShouldBeEmpty();
        result.Error.ShouldStartWith("{\"error\":{\"code\":\"usage\"");
        result.Error.ShouldContain("\\u0022foo\\u0022");
    }
}
