using Microsoft.Extensions.Configuration;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Worker.Tests;

public sealed class WorkerOptionsTests
{
    [Fact]
    public void Bind_Settings_TakeThePlaceOfTheDefaults()
    {
        var options = Bound(("ImageSteps", "7"), ("Images:Target", "3"), ("RedTeam:Probes:0", "noise"), ("Evaluation:Clip", "clip.safetensors"));

        options.ImageSteps.ShouldBe(7);
        options.Images.ShouldBe(EvaluationSize.Default with { Target = 3 });
        options.RedTeam.Probes.ShouldBe(["noise"]);
        options.Evaluation.Clip.ShouldBe("clip.safetensors");
        new WorkerOptions().Images.ShouldBe(new EvaluationSize(24, 4));
    }

    [Theory]
    [InlineData("ImageStep", "7")]
    [InlineData("RedTeam:Probe", "noise")]
    [InlineData("Images:Targets", "3")]
    [InlineData("ImageGuidance", "7,5")]
    [InlineData("ImageSteps", "many")]
    public void Bind_UnknownSettingOrUnreadableValue_IsRefusedNamingIt(string name, string value) =>
        Should.Throw<InvalidOperationException>(() => Bound((name, value))).Message.ShouldContain(name.Split(':')[^1]);

    private static WorkerOptions Bound(params (string Name, string Value)[] settings)
    {
        var options = new WorkerOptions();
        options.Bind(new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(s => s.Name, s => (string?)s.Value)).Build());
        return options;
    }
}
