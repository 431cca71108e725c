using System.Security.Cryptography;
using SafetyPortal.Lab.DemoWorld.World;

namespace SafetyPortal.Lab.Tests.DemoWorld.World;

public class SceneRendererTests
{
    private static readonly SceneRenderer Renderer = new(Artwork.Load(RepositoryFiles.Artwork));

    [Fact]
    public void Render_First200Scenes_HaveTheDigestTheCommittedModelWasTrainedOn()
    {
        // Printed by this test when the renderer was last changed on purpose; the model card names the same pictures.
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var i = 0; i < 200; i++)
            hash.AppendData(Renderer.Render(Scene.Draw(20_261, i)).Pixels);

        Convert.ToHexStringLower(hash.GetHashAndReset()).ShouldBe(ExpectedDigest);
    }

    [Fact]
    public void Render_SameSceneTwiceAndOutOfOrder_GivesTheSameBytes()
    {
        var late = Renderer.Render(Scene.Draw(5, 90));
        Renderer.Render(Scene.Draw(5, 3));

        Renderer.Render(Scene.Draw(5, 90)).Pixels.ShouldBe(late.Pixels);
    }

    [Fact]
    public void Render_EveryClassAndStyle_GivesPicturesThatDiffer()
    {
        var pictures = new HashSet<string>(StringComparer.Ordinal);
        for (var c = 0; c < Vocabulary.Classes.Count; c++)
        {
            for (var s = 0; s < Vocabulary.Styles.Count; s++)
            {
                var picture = Renderer.Render(new Scene(c, Vocabulary.IsMannequin(c) ? Vocabulary.Styles.Count : s, s, 1, c));
                picture.ShouldSatisfyAllConditions(p => p.Width.ShouldBe(64), p => p.Height.ShouldBe(64), p => p.Channels.ShouldBe(3));
                pictures.Add(Convert.ToHexString(picture.Pixels));
            }
        }

        pictures.Count.ShouldBe(Vocabulary.Classes.Count * Vocabulary.Styles.Count);
    }

    [Fact]
    public void Render_SketchStyle_HasDarkStrokesOnAPaleBackground()
    {
        var sketch = Vocabulary.Styles.Count - 1;
        for (var o = 0; o < Vocabulary.Objects.Count; o++)
        {
            var pixels = Renderer.Render(new Scene(o, sketch, 9, 3, o)).Pixels;
            var dark = 0;
            for (var i = 0; i < pixels.Length; i += 3)
                dark += pixels[i] + pixels[i + 1] + pixels[i + 2] < 240 ? 1 : 0;

            (pixels[0] + pixels[1] + pixels[2]).ShouldBeGreaterThan(380, Vocabulary.Objects[o]);
            dark.ShouldBeInRange(100, 2400, Vocabulary.Objects[o]);
        }
    }

    [Fact]
    public void Draw_ManyScenes_EveryClassComesAboutEquallyOften()
    {
        var counts = new int[Vocabulary.Classes.Count];
        for (var i = 0; i < 16_000; i++)
            counts[Scene.Draw(11, i).Class]++;

        // Binomial(16000, 1/16) has a standard deviation of 31; 150 is nearly five of them.
        counts.ShouldAllBe(c => Math.Abs(c - 1000) < 150);
    }

    private const string ExpectedDigest = "ce4fef05e119099eae4690eadd04dc57d382c15836ce07aed716345a94700f5e";
}
