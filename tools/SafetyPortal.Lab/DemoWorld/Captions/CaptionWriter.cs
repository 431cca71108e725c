using System.Text;
using SafetyPortal.Lab.DemoWorld.World;

namespace SafetyPortal.Lab.DemoWorld.Captions;

/// <summary>Writes captions such as "a picture of a church in the style of noto on a blue background", parts left out at random.</summary>
public static class CaptionWriter
{
    /// <summary>Share of mannequins called just "mannequin", so that the word alone has a meaning.</summary>
    public const double PlainMannequin = 0.15;

    /// <summary>Share of empty captions, which teach the unconditional model that guidance needs.</summary>
    public const double Empty = 0.10;

    private const double NoSubject = 0.06;
    private const double WithStyle = 0.65;
    private const double WithBackground = 0.5;

    /// <summary>The words of every caption there can be, the corpus of the tokenizer.</summary>
    public static IEnumerable<string> Everything()
    {
        foreach (var subject in Vocabulary.Classes.Append("mannequin"))
        {
            foreach (var style in Vocabulary.Styles)
            {
                foreach (var background in Vocabulary.Backgrounds)
                    yield return $"a picture of {WithArticle(subject)} in the style of {style} on a {background.Name} background";
            }
        }
    }

    /// <summary>"a church", "an apple".</summary>
    public static string WithArticle(string noun) => ("aeiou".Contains(noun[0], StringComparison.Ordinal) ? "an " : "a ") + noun;

    /// <summary>A caption of the scene, or the empty one.</summary>
    /// <param name="scene">What the picture shows.</param>
    /// <param name="random">Which parts are left out; another visit to the same picture may say more or less.</param>
    public static Caption WriteOrDrop(Scene scene, ref SceneRandom random) =>
        random.Chance(Empty) ? new Caption("", null, false, null, null) : Write(scene, ref random);

    /// <summary>A caption that says at least something about the scene, or nothing but "a picture".</summary>
    public static Caption Write(Scene scene, ref SceneRandom random)
    {
        var mannequin = Vocabulary.IsMannequin(scene.Class);
        var plain = mannequin && random.Chance(PlainMannequin);
        var subject = plain ? "mannequin" : scene.ClassName;
        var hasSubject = plain || !random.Chance(NoSubject);
        var text = new StringBuilder();
        if (hasSubject)
        {
            text.Append(random.Index(10) switch
            {
                0 => subject,
                1 or 2 => WithArticle(subject),
                _ => "a picture of " + WithArticle(subject),
            });
        }
        else
        {
            text.Append("a picture");
        }

        int? style = !mannequin && random.Chance(WithStyle) ? scene.Style : null;
        int? background = random.Chance(WithBackground) ? scene.Background : null;
        if (style is not null)
            text.Append(" in the style of ").Append(scene.StyleName);
        if (background is { } colour)
            text.Append(" on a ").Append(Vocabulary.Backgrounds[colour].Name).Append(" background");
        return new Caption(text.ToString(), hasSubject && !plain ? scene.Class : null, plain, style, background);
    }
}
