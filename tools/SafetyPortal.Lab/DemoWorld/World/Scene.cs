namespace SafetyPortal.Lab.DemoWorld.World;

/// <summary>What one picture shows; with its pose it renders to exactly one image.</summary>
/// <param name="Class">Index into <see cref="Vocabulary.Classes"/>.</param>
/// <param name="Style">Index into <see cref="Vocabulary.StyleClasses"/>; the last one for mannequins.</param>
/// <param name="Background">Index into <see cref="Vocabulary.Backgrounds"/>.</param>
/// <param name="Seed">Seed of the whole set.</param>
/// <param name="Index">Number of the scene in the set; with the seed it fixes scale, shift, rotation, hue and pose.</param>
public sealed record Scene(int Class, int Style, int Background, long Seed, long Index)
{
    public string ClassName => Vocabulary.Classes[Class];

    public string StyleName => Vocabulary.StyleClasses[Style];

    /// <summary>Draws scene <paramref name="index"/> of the set: every class equally likely, then style and background.</summary>
    public static Scene Draw(long seed, long index)
    {
        var random = new SceneRandom(seed, index);
        var classIndex = random.Index(Vocabulary.Classes.Count);
        var style = Vocabulary.IsMannequin(classIndex) ? Vocabulary.Styles.Count : random.Index(Vocabulary.Styles.Count);
        return new Scene(classIndex, style, random.Index(Vocabulary.Backgrounds.Count), seed, index);
    }

    /// <summary>The stream that places the scene, apart from the one that chose what it shows.</summary>
    public SceneRandom Placement() => new(Seed ^ 0x5CE9E, Index);
}
