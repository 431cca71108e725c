namespace SafetyPortal.Requests.Blind;

/// <summary>In how many of <paramref name="N"/> pictures of a model the person and the detector saw the concept.</summary>
public sealed record ArmTally(BlindArm Arm, int N, int Human, int Detector);

/// <summary>What a blind judgement came to.</summary>
/// <param name="Arms">One per model, in the order of <see cref="BlindArm"/>.</param>
/// <param name="Agreed">Pictures of which person and detector said the same.</param>
/// <param name="N">Pictures in all.</param>
public sealed record BlindTally(IReadOnlyList<ArmTally> Arms, int Agreed, int N)
{
    /// <param name="marks">Whether the person saw the concept in each card.</param>
    /// <exception cref="ArgumentException">There are not as many marks as cards.</exception>
    public static BlindTally Of(IReadOnlyList<BlindCard> deck, IReadOnlyList<bool> marks)
    {
        ArgumentNullException.ThrowIfNull(deck);
        ArgumentNullException.ThrowIfNull(marks);
        if (deck.Count != marks.Count)
            throw new ArgumentException($"Expected {deck.Count} marks, one per picture, got {marks.Count}.", nameof(marks));
        var judged = deck.Zip(marks, (card, mark) => (card.Arm, card.Detected, Seen: mark)).ToList();
        return new(
            [.. Enum.GetValues<BlindArm>().Select(arm => new ArmTally(
                arm, judged.Count(j => j.Arm == arm), judged.Count(j => j.Arm == arm && j.Seen), judged.Count(j => j.Arm == arm && j.Detected)))],
            judged.Count(j => j.Seen == j.Detected),
            judged.Count);
    }
}
