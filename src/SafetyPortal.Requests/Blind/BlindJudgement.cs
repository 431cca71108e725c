using System.Text.Json;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Blind;

/// <summary>One approver's look at pictures without knowing which model drew them, from the deck being drawn to the last mark.</summary>
public sealed class BlindJudgement : IVersioned, IAudited
{
    private BlindJudgement()
    {
    }

    public long Id { get; private set; }

    public long RequestId { get; private set; }

    public EraseRequest? Request { get; private set; }

    public long RunId { get; private set; }

    /// <summary>The evidence the pictures belong to.</summary>
    public string EvidenceDigest { get; private set; } = "";

    public string JudgeId { get; private set; } = "";

    public string JudgeName { get; private set; } = "";

    public DateTimeOffset StartedAt { get; private set; }

    /// <summary>Null while the pictures are being looked at.</summary>
    public DateTimeOffset? FinishedAt { get; private set; }

    /// <summary>The cards as JSON, in the order they are shown.</summary>
    public string Deck { get; private set; } = "[]";

    /// <summary>Whether the judge saw the concept in each card; empty before the end.</summary>
    public List<bool> Marks { get; private set; } = [];

    public long Version { get; set; }

    /// <summary>The cards in the order they are shown.</summary>
    public IReadOnlyList<BlindCard> Cards() => JsonSerializer.Deserialize<List<BlindCard>>(Deck, CanonicalJson.Options) ?? [];

    /// <summary>What it came to; null before the end.</summary>
    public BlindTally? Tally() => FinishedAt is null ? null : BlindTally.Of(Cards(), Marks);

    /// <summary>A new judgement with its deck.</summary>
    public static BlindJudgement Start(
        long requestId, long runId, string evidenceDigest, IReadOnlyList<BlindCard> deck, string judgeId, string judgeName, DateTimeOffset now)
    {
        return new()
        {
            RequestId = requestId,
            RunId = runId,
            EvidenceDigest = evidenceDigest,
            Deck = CanonicalJson.Serialize(deck),
            JudgeId = judgeId,
            JudgeName = judgeName,
            StartedAt = now,
        };
    }

    /// <summary>Takes the marks and ends it. Throws the second time, since the approver may have seen the detector's marks by then.</summary>
    public BlindTally Finish(IReadOnlyList<bool> marks, DateTimeOffset now)
    {
        if (FinishedAt is not null)
            throw new IllegalMoveException($"Blind judgement {Id} is finished and cannot be changed.");
        var tally = BlindTally.Of(Cards(), marks);
        (Marks, FinishedAt) = ([.. marks], now);
        return tally;
    }
}
