using SafetyPortal.Diffusion;
using SafetyPortal.Evaluation.Detection;
using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Tests.Detection;

public sealed class ConceptClassifierTests : IDisposable
{
    private static readonly ConceptClassifierConfig Config = new()
    {
        Objects = ["church", "dog", ConceptClassifierConfig.Unrecognisable],
        Styles = ["noto", "sketch"],
        ImageSize = 16,
        Channels = [8, 16],
        Groups = 4,
    };

    private readonly string folder = Directory.CreateTempSubdirectory("judge").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Forward_TwoPictures_GivesOneLogitPerObjectAndStyle()
    {
        using var judge = new ConceptClassifier(Config);
        using var pictures = zeros(2, 3, 16, 16);

        using var logits = judge.call(pictures);

        logits.shape.ShouldBe([2L, 5L]);
    }

    [Fact]
    public void Load_SavedFolder_ClassifiesLikeTheOriginal()
    {
        using var judge = new ConceptClassifier(Config);
        judge.Save(folder);
        using var loaded = ConceptClassifier.Load(folder);
        Raster[] pictures = [Plain(16, 200), Plain(40, 30)];

        var (before, after) = (judge.Classify(pictures), loaded.Classify(pictures));

        for (var i = 0; i < pictures.Length; i++)
        {
            after[i].Object.ShouldBe(before[i].Object);
            after[i].Objects.ShouldBe(before[i].Objects);
            after[i].Styles.ShouldBe(before[i].Styles);
            after[i].Objects.Values.Sum().ShouldBe(1, 1e-5);
        }
    }

    [Fact]
    public void Load_ConfigurationOfAnotherSize_NamesTheTensorAndBothShapes()
    {
        using var judge = new ConceptClassifier(Config);
        judge.Save(folder);
        (Config with { Channels = [8, 24] }).Save(folder);

        Should.Throw<ModelFormatException>(() => ConceptClassifier.Load(folder).Dispose())
            .Message.ShouldSatisfyAllConditions(m => m.ShouldContain("stages.1"), m => m.ShouldContain("[24, 8, 3, 3]"), m => m.ShouldContain("[16, 8, 3, 3]"));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{"objects":[],"styles":["a"]}""")]
    [InlineData("""{"objects":null,"styles":["a"]}""")]
    [InlineData("""{"objects":["a"],"styles":["a",null]}""")]
    [InlineData("""{"objects":["a","b","A"],"styles":["a"]}""")]
    [InlineData("""{"objects":["a"," b"],"styles":["a"]}""")]
    [InlineData("""{"objects":["a",""],"styles":["a"]}""")]
    [InlineData("""{"objects":["a"],"objects":["b"],"styles":["a"]}""")]
    [InlineData("""{"objects":["a"],"styles":["a"],"image_side":64}""")]
    [InlineData("""{"objects":["a"],"styles":["a"],"channels":null}""")]
    [InlineData("""{"objects":["a"],"styles":["a"],"channels":[7],"groups":8}""")]
    [InlineData("""{"objects":["a"],"styles":["a"],"image_size":100000000}""")]
    public void Load_MalformedConfiguration_IsRefused(string json)
    {
        File.WriteAllText(Path.Combine(folder, "config.json"), json);

        Should.Throw<InvalidDataException>(() => ConceptClassifier.Load(folder).Dispose());
    }

    private static Raster Plain(int side, byte shade)
    {
        var pixels = new byte[side * side * 3];
        Array.Fill(pixels, shade);
        return new Raster(side, side, 3, pixels);
    }
}
