using SafetyPortal.Lab.DemoWorld.Captions;
using SafetyPortal.Lab.DemoWorld.World;

namespace SafetyPortal.Lab.Tests.DemoWorld.Captions;

public class CaptionWriterTests
{
    [Fact]
    public void Write_AnyScene_IsTrueOfItAndSaysWhatItClaims()
    {
        for (var i = 0; i < 2_000; i++)
        {
            var scene = Scene.Draw(1, i);
            var random = new SceneRandom(2, i);
            var caption = CaptionWriter.Write(scene, ref random);

            caption.IsTrueOf(scene).ShouldBeTrue(caption.Text);
            if (caption.Class is not null)
                caption.Text.ShouldContain(scene.ClassName);
            if (caption.Style is not null)
                caption.Text.ShouldContain($"in the style of {scene.StyleName}");
            if (caption.Background is { } background)
                caption.Text.ShouldContain($"on a {Vocabulary.Backgrounds[background].Name} background");
        }
    }

    [Fact]
    public void WriteOrDrop_ManyScenes_LeavesATenthEmpty()
    {
        var empty = 0;
        for (var i = 0; i < 10_000; i++)
        {
            var random = new SceneRandom(3, i);
            empty += CaptionWriter.WriteOrDrop(Scene.Draw(1, i), ref random).Text.Length == 0 ? 1 : 0;
        }

        // Binomial(10000, 0.1): standard deviation 30.
        empty.ShouldBeInRange(850, 1150);
    }

    [Fact]
    public void Write_Mannequins_SomeAreCalledJustMannequin()
    {
        var plain = 0;
        for (var i = 0; i < 5_000; i++)
        {
            var random = new SceneRandom(4, i);
            plain += CaptionWriter.Write(new Scene(14, 4, 0, 1, i), ref random).AnyMannequin ? 1 : 0;
        }

        // Binomial(5000, 0.15): standard deviation 25.
        plain.ShouldBeInRange(630, 870);
    }

    [Fact]
    public void IsTrueOf_AnotherClassStyleOrBackground_IsFalse()
    {
        var caption = new Caption("a picture of a church in the style of noto on a blue background", 4, false, 0, 2);
        var scene = new Scene(4, 0, 2, 1, 1);

        caption.IsTrueOf(scene).ShouldBeTrue();
        caption.IsTrueOf(scene with { Class = 5 }).ShouldBeFalse();
        caption.IsTrueOf(scene with { Style = 1 }).ShouldBeFalse();
        caption.IsTrueOf(scene with { Background = 3 }).ShouldBeFalse();
    }
}
