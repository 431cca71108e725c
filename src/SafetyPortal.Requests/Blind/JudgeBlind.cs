using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Requests.Blind;

/// <summary>An approver checks the detector on images without knowing which model drew them.</summary>
public sealed class JudgeBlind(IDbContextFactory<PortalDb> databases)
{
    /// <summary>Draws a deck, or returns the judgement that the approver has not finished.</summary>
    /// <param name="pictures">The newest run's images for prompts of the concept.</param>
    /// <exception cref="NotAllowedException">The actor is no approver.</exception>
    /// <exception cref="IllegalMoveException">There is no evidence, or nothing to judge in it.</exception>
    public async Task<BlindJudgement> StartAsync(Actor actor, long requestId, IReadOnlyList<BlindTriple> pictures, CancellationToken cancellationToken)
    {
        await using var write = await databases.BeginWriteAsync(actor, cancellationToken, Roles.Approver);
        var (db, now) = write;
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        if (request.CurrentRun is not { EvidenceDigest: { } evidence } run)
            throw new IllegalMoveException($"Request {requestId} has no evidence to judge.");
        if (await OpenAsync(db, actor.Id, requestId, evidence, cancellationToken) is { } open)
            return open;
        if (pictures.Count == 0)
            throw new IllegalMoveException($"The run of request {requestId} kept no images of the placebo, which a blind judgement needs.");

        var deck = BlindDeck.Draw(pictures, RandomNumberGenerator.GetInt32(int.MaxValue));
        var judgement = BlindJudgement.Start(requestId, run.Id, evidence, deck, actor.Id, actor.Name, now);
        db.BlindJudgements.Add(judgement);
        db.Record(actor, "blind.started", () => Subject(judgement), new { evidenceDigest = evidence, pictures = deck.Count });
        await write.CommitAsync(cancellationToken);
        return judgement;
    }

    /// <summary>Takes the marks, one per card, and returns their tally.</summary>
    /// <exception cref="NotAllowedException">The judgement is another approver's.</exception>
    /// <exception cref="InvalidRequestException">A card has no mark.</exception>
    public async Task<BlindTally> FinishAsync(Actor actor, long judgementId, IReadOnlyList<bool?> marks, CancellationToken cancellationToken)
    {
        await using var write = await databases.BeginWriteAsync(actor, cancellationToken, Roles.Approver);
        var (db, now) = write;
        var judgement = await db.BlindJudgements.SingleOrDefaultAsync(j => j.Id == judgementId, cancellationToken)
            ?? throw new NotFoundException($"There is no blind judgement {judgementId}.");
        if (judgement.JudgeId != actor.Id)
            throw new NotAllowedException($"Blind judgement {judgementId} is {judgement.JudgeName}'s.");
        var count = judgement.Cards().Count;
        if (marks.Count != count || marks.Any(mark => mark is null))
            throw new InvalidRequestException([new(nameof(marks), $"Mark all {count} images; {count - marks.Count(mark => mark is not null)} are left.")]);
        var tally = judgement.Finish([.. marks.Select(mark => mark!.Value)], now);
        db.Record(actor, "blind.finished", Subject(judgement), new { evidenceDigest = judgement.EvidenceDigest, tally.Arms, tally.Agreed, tally.N });
        await write.CommitAsync(cancellationToken);
        return tally;
    }

    /// <summary>
    /// Returns what a person may see of the judgements on the newest evidence. An approver sees those of others once they finished one themselves.
    /// </summary>
    public async Task<BlindOverview> ListAsync(Actor viewer, long requestId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var evidence = await db.EraseRequests.Where(r => r.Id == requestId).Select(r => r.CurrentRun!.EvidenceDigest).SingleOrDefaultAsync(cancellationToken);
        if (evidence is null)
            return new(null, [], 0);
        var finished = await db.BlindJudgements.AsNoTracking()
            .Where(j => j.RequestId == requestId && j.EvidenceDigest == evidence && j.FinishedAt != null)
            .OrderByDescending(j => j.Id).ToListAsync(cancellationToken);
        var open = await OpenAsync(db, viewer.Id, requestId, evidence, cancellationToken);
        var roles = await db.RolesOfAsync(viewer.Id, cancellationToken);
        var hidden = roles.Contains(Roles.Approver) && (open is not null || !finished.Exists(j => j.JudgeId == viewer.Id));
        return hidden ? new(open, [], finished.Count) : new(open, finished, 0);
    }

    /// <summary>Returns a judgement of the person's own; null for any other.</summary>
    public async Task<BlindJudgement?> FindOwnAsync(string judgeId, long judgementId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.BlindJudgements.AsNoTracking().SingleOrDefaultAsync(j => j.Id == judgementId && j.JudgeId == judgeId, cancellationToken);
    }

    private static Task<BlindJudgement?> OpenAsync(PortalDb db, string judgeId, long requestId, string evidence, CancellationToken cancellationToken) =>
        db.BlindJudgements.AsNoTracking()
            .Where(j => j.RequestId == requestId && j.JudgeId == judgeId && j.EvidenceDigest == evidence && j.FinishedAt == null)
            .OrderBy(j => j.Id).FirstOrDefaultAsync(cancellationToken);

    /// <summary>Returns the subject of a judgement's events.</summary>
    public static string Subject(BlindJudgement judgement) => $"request/{judgement.RequestId}/blind/{judgement.Id}";
}

/// <summary>The viewer's unfinished judgement, the finished ones they may see, and how many they may not see yet.</summary>
public sealed record BlindOverview(BlindJudgement? Open, IReadOnlyList<BlindJudgement> Finished, int Hidden);
