using System.Text.Json;
using SafetyPortal.Diffusion;
using SafetyPortal.Evaluation.Backbones;

namespace SafetyPortal.Evaluation.Tests.Backbones;

public sealed class ImageNetLabelsTests : IDisposable
{
    private readonly string file = Path.GetTempFileName();

    public void Dispose() => File.Delete(file);

    [Fact]
    public void Load_ConfigurationWithNames_FindsTheirSynonyms()
    {
        var names = Enumerable.Range(0, 1000).ToDictionary(i => $"{i}", i => $"thing {i}, other_{i}", StringComparer.Ordinal);
        File.WriteAllText(file, JsonSerializer.Serialize(new { id2label = names }));

        var labels = ImageNetLabels.Load(file);

        labels.Find("Other 42").ShouldBe(42);
        labels.NameOf(999).ShouldBe("thing 999");
    }

    [Theory]
    [InlineData("""{"id2label":["tench"]}""", "expected an object of class numbers with names, got Array")]
    [InlineData("""{"id2label":null}""", "got Null")]
    [InlineData("""{"0":7}""", "got \"0\"")]
    [InlineData("""{" 0":"tench"}""", "got \" 0\"")]
    [InlineData("""{"0":"tench","0":"church"}""", "got two for class 0")]
    [InlineData("""{"0":"\ud800"}""", "cannot be read as class names")]
    [InlineData("tench", "expected names for the classes 0 to 999, got 1")]
    public void Load_AnotherForm_IsRefusedWithTheFile(string text, string expected)
    {
        File.WriteAllText(file, text);

        Should.Throw<ModelFormatException>(() => ImageNetLabels.Load(file))
            .Message.ShouldSatisfyAllConditions(m => m.ShouldContain(expected), m => m.ShouldContain(file));
    }
}
