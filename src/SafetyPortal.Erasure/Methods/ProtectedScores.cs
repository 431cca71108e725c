using SafetyPortal.Erasure.Attribution;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Methods;

/// <summary>
/// Scores of a concept less the scores of the same weights for concepts to keep, so a weight that serves both falls in the ranking. All scores are
/// scaled to the same positive mass first, since J differs between concepts by orders of magnitude.
/// </summary>
public static class ProtectedScores
{
    /// <summary><c>s - weight * mean over k of max(s_k, 0) * mass(s) / mass(s_k)</c>; the caller owns the result.</summary>
    /// <param name="scores">Scores of the concept to erase.</param>
    /// <param name="keep">Scores of the concepts to keep, over the same weights; at least one.</param>
    /// <param name="weight">How much a concept to keep counts against the one to erase, at least 0.</param>
    /// <exception cref="ArgumentException">A concept to keep has no scores for a weight, or of another shape.</exception>
    public static IReadOnlyList<(string Name, Tensor Score)> Subtract(
        IReadOnlyList<(string Name, Tensor Score)> scores, IReadOnlyList<AttributionResult> keep, double weight)
    {
        if (!(weight is >= 0 and < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(weight), weight, "Expected a finite weight of at least 0.");
        if (keep.Count == 0)
            throw new ArgumentException("Expected the scores of at least one concept to keep, got none.", nameof(keep));

        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var mass = PositiveMass(scores);
        var others = keep
            .Select(k => (
                Scores: k.Scores.ToDictionary(s => s.Name, s => s.Score, StringComparer.Ordinal),
                Factor: weight * mass / Math.Max(PositiveMass(k.Scores), double.Epsilon) / keep.Count))
            .ToList();
        var left = new List<(string, Tensor)>();
        foreach (var (name, score) in scores)
        {
            var rest = score.clone();
            foreach (var (held, factor) in others)
            {
                if (!held.TryGetValue(name, out var theirs) || !theirs.shape.SequenceEqual(score.shape))
                {
                    var shape = string.Join(", ", score.shape);
                    throw new ArgumentException(
                        $"Expected scores of {name} of shape [{shape}] for every concept to keep; attribute all with the same candidates.", nameof(keep));
                }

                rest.sub_(theirs.clamp(min: 0) * factor);
            }

            left.Add((name, rest.MoveToOuterDisposeScope()));
        }

        return left;
    }

    private static double PositiveMass(IReadOnlyList<(string Name, Tensor Score)> scores) => scores.Sum(s => s.Score.clamp(min: 0).sum().ToDouble());
}
