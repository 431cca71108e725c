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
    /// <summary>Whether nothing in the caption is wrong for the scene.</summary>
    public bool IsTrueOf(Scene scene) =>
        (Class is null || Class == scene.Class)
        && (!AnyMannequin || Vocabulary.IsMannequin(scene.Class))
        && (Style is null || Style == scene.Style)
        && (Background is null || Background == scene.Background);
}
