using SafetyPortal.Cli.Output;

namespace SafetyPortal.Cli.Tests.Commands;

[Collection(nameof(InProcess))]
public sealed class DoctorCommandTests
{
    [Fact]
    public async Task Doctor_EmbeddedModel_IsUsableAndNamesLibtorch()
    {
        var report = await InProcess.JsonAsync("doctor", "--threads", "1");

        var findings = report.GetProperty("findings").EnumerateArray()
            .ToDictionary(f => f.GetProperty("subject").GetString()!, f => f.GetProperty("detail").GetString()!);
        findings.Keys.ShouldBe(["libtorch", "threads", "devices", "computation", "memory", "model"]);
        findings["libtorch"].ShouldStartWith("libtorch 2.10.0, ");
        findings["model"].ShouldContain("Stable Diffusion");
    }

    [Fact]
    public async Task Doctor_MissingModelAndDevice_SaysBothAndWhatToDo()
    {
        var result = await InProcess.RunAsync("doctor", "--model", "/nowhere/model", "--device", "cuda:7");

        result.ExitCode.ShouldBe(ExitCode.CheckFailed);
        result.Output.ShouldContain("Expected a model folder at /nowhere/model");
        result.Output.ShouldContain("Expected a CUDA device for cuda:7");
        result.Output.ShouldContain("portal model verify");
    }
}
