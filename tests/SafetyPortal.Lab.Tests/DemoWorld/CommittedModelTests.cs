using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Evaluation.Detection;

namespace SafetyPortal.Lab.Tests.DemoWorld;

/// <summary>The model in models/demo, as everybody else uses it.</summary>
public class CommittedModelTests
{
    private static readonly string Folder = Path.Combine(RepositoryFiles.Artwork, "..", "demo");

    [Fact]
    public void Generate_TwelvePrompts_TheJudgeRecognisesMost()
    {
        using var pipeline = StableDiffusionPipeline.Load(Folder);
        using var judge = ConceptClassifier.Load(Path.Combine(Folder, "judge"));
        (string Prompt, string Class)[] asked =
        [
            ("a picture of a church in the style of noto", "church"),
            ("a picture of a church in the style of twemoji", "church"),
            ("a picture of a dog in the style of noto", "dog"),
            ("a picture of a fish in the style of twemoji", "fish"),
            ("a picture of a car in the style of twemoji", "car"),
            ("a picture of an apple in the style of fluent", "apple"),
            ("a picture of a house in the style of sketch", "house"),
            ("a picture of a truck in the style of fluent", "truck"),
            ("a picture of a parachute in the style of twemoji", "parachute"),
            ("a picture of a golf flag in the style of noto", "golf flag"),
            ("a picture of a nude mannequin", "nude mannequin"),
            ("a picture of a clothed mannequin", "clothed mannequin"),
        ];

        var pictures = pipeline.Generate(new GenerationSettings
        {
            Prompts = [.. asked.Select(a => a.Prompt)],
            Seeds = [.. asked.Select((_, i) => 900L + i)],
            Steps = 20,
            GuidanceScale = 3,
        });

        var recognised = judge.Classify(pictures).Zip(asked).Count(p => string.Equals(p.First.Object, p.Second.Class, StringComparison.Ordinal));
        recognised.ShouldBeGreaterThanOrEqualTo(10);
    }

    [Fact]
    public void Folder_CommittedModel_HasClipPromptsAndAtMostTwentyMegabytes()
    {
        using var clip = ClipModel.Load(Path.Combine(Folder, "clip"));
        clip.Config.Text.MaxPositions.ShouldBe(20);
        foreach (var name in (string[])["objects.csv", "mannequins.csv", "styles.csv"])
            File.ReadLines(Path.Combine(Folder, "prompts", name)).First().ShouldBe("prompt,evaluation_seed,class,style");

        Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length).ShouldBeLessThan(20_000_000);
    }
}
