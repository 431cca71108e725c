using SafetyPortal.Tests;
using SafetyPortal.Trials.Models;

namespace SafetyPortal.Trials.Tests.Models;

public sealed class ModelComponentsTests : IDisposable
{
    private readonly DirectoryInfo root = Directory.CreateTempSubdirectory("components");
    private readonly string folder;

    public ModelComponentsTests() => folder = TinyModelFolder.Create(root.FullName);

    public void Dispose() => root.Delete(recursive: true);

    [Theory]
    [InlineData("judge", "model.safetensors")]
    [InlineData("text_encoder", "model.safetensors")]
    [InlineData("vae", "diffusion_pytorch_model.safetensors")]
    [InlineData("scheduler", "scheduler_config.json")]
    [InlineData("prompts", "objects.csv")]
    public void Of_OneFileOtherThanBefore_ChangesThatComponentAlone(string component, string file)
    {
        var before = ModelComponents.Of(folder);

        File.AppendAllText(Path.Combine(folder, component, file), " ");

        var after = ModelComponents.Of(folder);
        after.Except(before).Select(part => part.Name).ShouldBe([component]);
        Should.Throw<InvalidDataException>(() => ModelComponents.Demand(folder, before, after)).Message.ShouldContain($"Expected {component} of");
    }

    [Fact]
    public void Of_ModelCardAdded_IsTheSame()
    {
        var before = ModelComponents.Of(folder);

        File.WriteAllText(Path.Combine(folder, "judge", "README.md"), "a judge");

        ModelComponents.Of(folder).ShouldBe(before);
    }

    [Fact]
    public void Of_SuppliedPrompts_TakeThePlaceOfTheModels()
    {
        var supplied = Path.Combine(root.FullName, "mine.csv");
        File.WriteAllText(supplied, "prompt,class\na fish,fish\n");

        var with = ModelComponents.Of(folder, supplied);

        with.Except(ModelComponents.Of(folder)).ShouldHaveSingleItem().Name.ShouldBe("prompts");
        with.Count.ShouldBe(ModelComponents.Of(folder).Count);
        PromptFolder.Read(folder, PromptFolder.DefaultSet, supplied).ShouldHaveSingleItem().Prompt.ShouldBe("a fish");
    }

    [Fact]
    public void Read_ExtensionInCapitals_IsASetToo()
    {
        var sets = Directory.CreateDirectory(Path.Combine(root.FullName, "sets")).FullName;
        File.WriteAllText(Path.Combine(sets, "MINE.CSV"), "prompt,class\na fish,fish\n");

        PromptFolder.Read(folder, "MINE", sets).ShouldHaveSingleItem();
        Should.Throw<InvalidDataException>(() => PromptFolder.Read(folder, "other", sets)).Message.ShouldContain("there are: MINE, default");
    }

    [Fact]
    public void Demand_ComponentGone_NamesIt()
    {
        var before = ModelComponents.Of(folder);

        Directory.Delete(Path.Combine(folder, "judge"), recursive: true);

        Should.Throw<InvalidDataException>(() => ModelComponents.Demand(folder, before, ModelComponents.Of(folder))).Message.ShouldContain("it is absent");
    }
}
