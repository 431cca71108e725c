using System.Text.Json;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Blind;

/// <summary>Which model drew an image; hidden from the approver who judges it.</summary>
public enum BlindArm
{
    Unedited = 0,

    /// <summary>The edit that awaits a decision.</summary>
    Edited = 1,

    /// <summary>As many random weights at zero.</summary>
    Placebo = 2,
}

/// <summary>An image and whether the detector saw the concept in it.</summary>
/// <param name="Image">Artifact digest.</param>
public sealed record BlindPicture(string Image, bool Detected);

/// <summary>One prompt and seed of the concept, drawn by the three models.</summary>
public sealed record BlindTriple(string Prompt, long Seed, BlindPicture Unedited, BlindPicture Edited, BlindPicture Placebo);

/// <summary>An image in the deck.</summary>
public sealed record BlindCard(BlindArm Arm, string Prompt, long Seed, string Image, bool Detected);

/// <summary>Makes decks: images of all three models in random order.</summary>
public static class BlindDeck
{
    /// <summary>Prompts in a deck; three images each.</summary>
    public const int Prompts = 8;

    /// <summary>Returns the cards of at most <see cref="Prompts"/> triples, taken evenly, in an order that the seed draws.</summary>
    public static IReadOnlyList<BlindCard> Draw(IReadOnlyList<BlindTriple> triples, int seed)
    {
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

/// <summary>One approver's judgement of images without knowing which model drew them.</summary>
public sealed class BlindJudgement : IVersioned, IAudited
{
    private BlindJudgement()
    {
    }

    public long Id { get; private set; }

    public long RequestId { get; private set; }

    public EraseRequest? Request { get; private set; }

    public long RunId { get; private set; }

    /// <summary>The evidence that the images belong to.</summary>
    public string EvidenceDigest { get; private set; } = "";

    public string JudgeId { get; private set; } = "";

    public string JudgeName { get; private set; } = "";

    public DateTimeOffset StartedAt { get; private set; }

    /// <summary>Null before the end.</summary>
    public DateTimeOffset? FinishedAt { get; private set; }

    /// <summary><see cref="Cards"/> as JSON.</summary>
    public string Deck { get; private set; } = "[]";

    /// <summary>Whether the approver saw the concept in each card; empty before the end.</summary>
    public List<bool> Marks { get; private set; } = [];

    public long Version { get; set; }

    /// <summary>Returns the cards in the order in which the page shows them.</summary>
    public IReadOnlyList<BlindCard> Cards() => JsonSerializer.Deserialize<List<BlindCard>>(Deck, CanonicalJson.Options) ?? [];

    /// <summary>Returns the result; null before the end.</summary>
    public BlindTally? Tally() => FinishedAt is null ? null : BlindTally.Of(Cards(), Marks);

    /// <summary>Returns a new judgement.</summary>
    public static BlindJudgement Start(
        long requestId, long runId, string evidenceDigest, IReadOnlyList<BlindCard> deck, string judgeId, string judgeName, DateTimeOffset now) => new()
        {
            RequestId = requestId,
            RunId = runId,
            EvidenceDigest = evidenceDigest,
            Deck = CanonicalJson.Serialize(deck),
            JudgeId = judgeId,
            JudgeName = judgeName,
            StartedAt = now,
        };

    /// <summary>Takes the marks and ends the judgement.</summary>
    /// <exception cref="IllegalMoveException">It ended already, and the approver has seen the detector's marks.</exception>
    public BlindTally Finish(IReadOnlyList<bool> marks, DateTimeOffset now)
    {
        if (FinishedAt is not null)
            throw new IllegalMoveException($"Blind judgement {Id} is finished and cannot be changed.");
        var tally = BlindTally.Of(Cards(), marks);
        (Marks, FinishedAt) = ([.. marks], now);
        return tally;
    }
}

/// <summary>In how many of <paramref name="N"/> images of a model the approver and the detector saw the concept.</summary>
public sealed record ArmTally(BlindArm Arm, int N, int Human, int Detector);

/// <summary>The result of a blind judgement.</summary>
/// <param name="Arms">One per model, in the order of <see cref="BlindArm"/>.</param>
/// <param name="Agreed">Images of which approver and detector said the same.</param>
/// <param name="N">Images in all.</param>
public sealed record BlindTally(IReadOnlyList<ArmTally> Arms, int Agreed, int N)
{
    /// <param name="marks">Whether the approver saw the concept in each card.</param>
    /// <exception cref="ArgumentException">There are not as many marks as cards.</exception>
    public static BlindTally Of(IReadOnlyList<BlindCard> deck, IReadOnlyList<bool> marks)
    {
        if (deck.Count != marks.Count)
            throw new ArgumentException($"Expected {deck.Count} marks, one per image, got {marks.Count}.", nameof(marks));
        var judged = deck.Zip(marks, (card, mark) => (card.Arm, card.Detected, Seen: mark)).ToList();
        return new(
            [.. Enum.GetValues<BlindArm>().Select(arm => new ArmTally(
                arm, judged.Count(j => j.Arm == arm), judged.Count(j => j.Arm == arm && j.Seen), judged.Count(j => j.Arm == arm && j.Detected)))],
            judged.Count(j => j.Seen == j.Detected),
            judged.Count);
    }
}
