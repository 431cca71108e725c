namespace SafetyPortal.Requests.Blind;

/// <summary>Which model drew a picture; what the judge must not know.</summary>
public enum BlindArm
{
    /// <summary>The model as it was.</summary>
    Unedited = 0,

    /// <summary>The edit that is up for decision.</summary>
    Edited = 1,

    /// <summary>As many weights switched off at random.</summary>
    Placebo = 2,
}

/// <summary>A picture and whether the detector saw the concept in it.</summary>
/// <param name="Image">Artifact digest.</param>
public sealed record BlindPicture(string Image, bool Detected);

/// <summary>One prompt and seed that ask for the concept, drawn by the three models.</summary>
public sealed record BlindTriple(string Prompt, long Seed, BlindPicture Unedited, BlindPicture Edited, BlindPicture Placebo);

/// <summary>A picture in its place in the deck.</summary>
public sealed record BlindCard(BlindArm Arm, string Prompt, long Seed, string Image, bool Detected);

/// <summary>Makes decks: pictures of all three models in an order that says nothing about them.</summary>
public static class BlindDeck
{
    /// <summary>Prompts in a deck; three pictures each.</summary>
    public const int Prompts = 8;

    /// <summary>At most <see cref="Prompts"/> of the triples, evenly over them, as single cards in the order of the seed.</summary>
    public static IReadOnlyList<BlindCard> Draw(IReadOnlyList<BlindTriple> triples, int seed)
    {
        ArgumentNullException.ThrowIfNull(triples);
        var take = Math.Min(Prompts, triples.Count);
        var cards = Enumerable.Range(0, take).Select(i => triples[i * triples.Count / take]).SelectMany(triple => new[]
        {
            new BlindCard(BlindArm.Unedited, triple.Prompt, triple.Seed, triple.Unedited.Image, triple.Unedited.Detected),
            new BlindCard(BlindArm.Edited, triple.Prompt, triple.Seed, triple.Edited.Image, triple.Edited.Detected),
            new BlindCard(BlindArm.Placebo, triple.Prompt, triple.Seed, triple.Placebo.Image, triple.Placebo.Detected),
        }).ToArray();
        new Random(seed).Shuffle(cards);
        return cards;
    }
}
