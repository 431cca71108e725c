using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Ablation;

/// <summary>
/// Turns scores into a mask. Counts follow the public code: <c>int(ratio * n)</c>, so a short row at a small ratio loses nothing;
/// <see cref="AblationMode.Positive"/> also asks for score &gt;= 0, <see cref="AblationMode.Negative"/> for score &lt;= 0. Of equal scores the earlier ranks higher.
/// </summary>
public static class MaskSelection
{
    /// <summary>Selects the entries to ablate.</summary>
    /// <param name="scores">Scores by weight name, each [rows, columns], in candidate order.</param>
    /// <param name="settings">Scope, mode and ratio.</param>
    /// <exception cref="ArgumentException">Settings out of range, or a score tensor that is not 2-D or holds something that is no number.</exception>
    public static AblationMask From(IReadOnlyList<(string Name, Tensor Score)> scores, AblationSettings settings)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(settings);
        AblationSettings.Validate(settings);
        if (scores.FirstOrDefault(s => s.Score.ndim != 2) is { Score: not null } odd)
            throw new ArgumentException($"Expected 2-D scores, {odd.Name} has {odd.Score.ndim} dimensions.", nameof(scores));

        using var frozen = no_grad();
        if (scores.FirstOrDefault(s => HasNaN(s.Score)) is { Score: not null } broken)
            throw new ArgumentException($"Expected scores that are numbers, {broken.Name} holds NaN.", nameof(scores));
        return settings.Scope == AblationScope.Model
            ? OverModel(scores, settings)
            : new AblationMask(scores.Select(s => OverTensor(s.Name, s.Score, settings)).ToList());
    }

    private static bool HasNaN(Tensor score)
    {
        using var scope = NewDisposeScope();
        return score.isnan().any().ToBoolean();
    }

    private static TensorMask OverTensor(string name, Tensor score, AblationSettings settings)
    {
        using var scope = NewDisposeScope();
        var rows = settings.Scope == AblationScope.Row ? score : score.reshape(1, -1); // [groups, n]
        var chosen = Choose(rows, settings).reshape(-1).nonzero().reshape(-1).cpu();
        return new TensorMask(name, score.shape, chosen.data<long>().ToArray());
    }

    private static AblationMask OverModel(IReadOnlyList<(string Name, Tensor Score)> scores, AblationSettings settings)
    {
        using var scope = NewDisposeScope();
        var chosen = Choose(cat(scores.Select(s => s.Score.reshape(1, -1)).ToList(), 1), settings).reshape(-1);
        var tensors = new List<TensorMask>();
        long offset = 0;
        foreach (var (name, score) in scores)
        {
            var part = chosen.narrow(0, offset, score.numel()).nonzero().reshape(-1).cpu();
            tensors.Add(new TensorMask(name, score.shape, part.data<long>().ToArray()));
            offset += score.numel();
        }

        return new AblationMask(tensors);
    }

    /// <summary>Boolean [groups, n], true where the entry goes.</summary>
    private static Tensor Choose(Tensor score, AblationSettings settings)
    {
        var count = (int)(settings.Ratio * score.size(1));
        if (count == 0) return zeros(score.shape, dtype: ScalarType.Bool, device: score.device);
        return settings.Mode switch
        {
            AblationMode.Positive => End(score, count, largest: true).logical_and(score.ge(0)),
            AblationMode.Negative => End(score, count, largest: false).logical_and(score.le(0)),
            _ => End(score, count, largest: true).logical_or(End(score, count, largest: false)),
        };
    }

    /// <summary>
    /// True at <paramref name="count"/> entries of each group: one end of a stable sort from the largest down, as the public code's argsort makes it.
    /// So of equal scores at the boundary the top takes the first ones and the bottom the last. No sort is made: its indices would take eight bytes a weight.
    /// </summary>
    private static Tensor End(Tensor score, int count, bool largest)
    {
        var (values, _) = score.topk(count, 1, largest, sorted: false);
        var boundary = largest ? values.amin([1], keepdim: true) : values.amax([1], keepdim: true); // [groups, 1]
        var reached = largest ? score.ge(boundary) : score.le(boundary);
        if (reached.sum(1).eq(count).all().ToBoolean()) return reached;

        var beyond = largest ? score.gt(boundary) : score.lt(boundary);
        var equal = score.eq(boundary);
        var wanted = beyond.sum(1, keepdim: true).neg() + count; // [groups, 1]
        var place = equal.cumsum(1); // 1, 2, ... at the equal ones
        var taken = largest ? place.le(wanted) : place.gt(equal.sum(1, keepdim: true) - wanted);
        return beyond.logical_or(equal.logical_and(taken));
    }
}
