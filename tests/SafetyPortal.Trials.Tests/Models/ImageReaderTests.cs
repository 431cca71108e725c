using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Evaluation;
using SafetyPortal.Images;
using SafetyPortal.Tests;
using SafetyPortal.Trials.Models;

namespace SafetyPortal.Trials.Tests.Models;

/// <summary>CLIP as the only judge, the tiny one of the goldens: what it sees means nothing, but it has to follow from its scores.</summary>
public sealed class ImageReaderTests : IDisposable
{
    private readonly ClipModel clip = ClipModel.Load(GoldenFolder.At("03_clip_full"));
    private readonly ClipTokenizer tokenizer = ClipTokenizer.Load(GoldenFolder.At("pipeline", "tokenizer"));
    private readonly SuppliedBackbones none = SuppliedBackbones.Load(null);

    public void Dispose()
    {
        none.Dispose();
        clip.Dispose();
    }

    [Fact]
    public void JudgeAll_OneClassAndNoJudge_SeesItOnlyWhereNoNeutralTextIsNearer()
    {
        var random = new Random(5);
        List<Raster> images = [.. Enumerable.Range(0, 24).Select(i => Picture(random, i))];
        using var reader = new ImageReader(tokenizer, clip, judge: null, ["dog"], ["sketch"], none);
        var dog = Scores(images, "a picture of a dog");
        var sketch = Scores(images, "a picture in the style of sketch");
        var neutral = ImageReader.NeutralObjects.Select(text => Scores(images, text)).ToList();
        var plain = ImageReader.NeutralStyles.Select(text => Scores(images, text)).ToList();

        var seen = reader.JudgeAll(images);

        for (var i = 0; i < images.Count; i++)
        {
            seen[i].Object.ShouldBe(dog[i] >= neutral.Max(n => n[i]) ? "dog" : ImageReader.SomethingElse);
            seen[i].Style.ShouldBe(sketch[i] >= plain.Max(n => n[i]) ? "sketch" : ImageReader.SomethingElse);
        }

        seen.ShouldContain(s => s.Object == ImageReader.SomethingElse || s.Style == ImageReader.SomethingElse);
        reader.Nearest("cat", 3).ShouldBe(["dog"]);
    }

    private double[] Scores(List<Raster> images, string text) => ClipScore.Score(clip, tokenizer, images, [.. images.Select(_ => text)]);

    // Noise around another colour each time.
    private static Raster Picture(Random random, int colour)
    {
        var pixels = new byte[32 * 32 * 3];
        random.NextBytes(pixels);
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)((pixels[i] / 4) + (((colour >> (i % 3)) & 1) * 128));
        return new Raster(32, 32, 3, pixels);
    }
}
