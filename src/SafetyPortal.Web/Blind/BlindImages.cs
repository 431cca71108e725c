using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Blind;
using SafetyPortal.Web.Decisions;

namespace SafetyPortal.Web.Blind;

/// <summary>
/// Pictures of a blind judgement. They are named by their place in the deck, since a digest would say in the gallery which model drew
/// them; each is veiled until its reveal is in the history. Only the judge sees a deck.
/// </summary>
public sealed class BlindImages(JudgeBlind judge, ImageReveals reveals, IArtifactStore artifacts)
{
    /// <summary>Places whose pictures the judge has revealed.</summary>
    public Task<IReadOnlySet<int>> RevealedAsync(BlindJudgement judgement, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(judgement);
        return reveals.OfAsync(judgement.JudgeId, JudgeBlind.Subject(judgement), cancellationToken);
    }

    /// <summary>Notes that the judge reveals these places.</summary>
    /// <exception cref="NotAllowedException">The judgement is another's.</exception>
    public async Task RevealAsync(Actor actor, long judgementId, IReadOnlyCollection<int> places, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        var judgement = await judge.FindOwnAsync(actor.Id, judgementId, cancellationToken) ?? throw new NotAllowedException("This judgement is another approver's.");
        var count = judgement.Cards().Count;
        await reveals.RevealAsync(actor, JudgeBlind.Subject(judgement), [.. places.Where(place => place >= 0 && place < count)], cancellationToken);
    }

    /// <summary>Digest of the picture at a place and whether it is still veiled; null when there is none or the person is not the judge.</summary>
    internal async Task<(string Digest, bool Veiled)?> FindAsync(Actor actor, long judgementId, int place, CancellationToken cancellationToken)
    {
        if (await judge.FindOwnAsync(actor.Id, judgementId, cancellationToken) is not { } judgement || judgement.Cards() is not { } cards || place < 0 || place >= cards.Count)
            return null;
        return (cards[place].Image, !(await RevealedAsync(judgement, cancellationToken)).Contains(place));
    }

    internal Task<byte[]> ReadAsync(string digest, CancellationToken cancellationToken) => artifacts.ReadAsync(digest, cancellationToken);
}
