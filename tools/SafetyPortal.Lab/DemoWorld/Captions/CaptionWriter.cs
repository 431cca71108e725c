using SafetyPortal.Lab.DemoWorld.World;

namespace SafetyPortal.Lab.DemoWorld.Captions;

/// <summary>A caption and what it claims; null means it leaves that part out.</summary>
/// <param name="Text">Lower-case English.</param>
/// <param name="Class">Index into <see cref="Vocabulary.Classes"/>.</param>
/// <param name="AnyMannequin">Says "mannequin" without saying which of the two.</param>
/// <param name="Style">Index into <see cref="Vocabulary.Styles"/>.</param>
/// <param name="Background">Index into <see cref="Vocabulary.Backgrounds"/>.</param>
public sealed record Caption(string Text, int? Class, bool AnyMannequin, int? Style, int? Background)
{
    /// <summary>Whether everything the caption claims is true of the scene.</summary>
    public bool IsTrueOf(Scene scene) =>
        (Class is null || Class == scene.Class)
        && (!AnyMannequin || Vocabulary.IsMannequin(scene.Class))
        && (Style is null || Style == scene.Style)
        && (Background is null || Background == scene.Background);
}

/// <summary>Writes captions such as "a picture of a church in the style of noto on a blue background", parts left out at random.</summary>
public static class CaptionWriter
{
    /// <summary>Share of mannequins called just "mannequin", so that the word alone has a meaning.</summary>
    private const double PlainMannequin = 0.15;

    /// <summary>Share of empty captions, which teach the unconditional model that guidance needs.</summary>
    private const double Empty = 0.10;

    private const double NoSubject = 0.06;
    private const double WithStyle = 0.65;
    private const double WithBackground = 0.5;

    /// <summary>The words of every caption there can be, the corpus of the tokenizer.</summary>
    public static IEnumerable<string> Everything() =>
        from subject in Vocabulary.Classes.Append("mannequin")
        from style in Vocabulary.Styles
        from background in Vocabulary.Backgrounds
        select $"{Of(subject, style)} on a {background.Name} background";

    /// <summary>"a picture of an apple", followed by "in the style of noto" where a style is given.</summary>
    public static string Of(string subject, string style = Vocabulary.NoStyle) =>
        $"a picture of {WithArticle(subject)}{(style == Vocabulary.NoStyle ? "" : $" in the style of {style}")}";

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
        var text = !hasSubject ? "a picture" : random.Index(10) switch
        {
            0 => subject,
            1 or 2 => WithArticle(subject),
            _ => Of(subject),
        };
        int? style = !mannequin && random.Chance(WithStyle) ? scene.Style : null;
        int? background = random.Chance(WithBackground) ? scene.Background : null;
        if (style is not null)
            text += $" in the style of {scene.StyleName}";
        if (background is { } colour)
            text += $" on a {Vocabulary.Backgrounds[colour].Name} background";
        return new Caption(text, hasSubject && !plain ? scene.Class : null, plain, style, background);
    }

    private static string WithArticle(string noun) => ("aeiou".Contains(noun[0], StringComparison.Ordinal) ? "an " : "a ") + noun;
}
