using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Ablation;

/// <summary>
/// Turns scores into a mask. Counts follow the public code: <c>int(ratio * n)</c>, so a short row at a small ratio loses nothing.
/// <see cref="AblationMode.Positive"/> also requires score &gt;= 0, <see cref="AblationMode.Negative"/> score &lt;= 0. Of equal scores the earlier
/// ranks higher.
/// </summary>
public static class MaskSelection
{
    /// <summary>Selects the entries to ablate.</summary>
    /// <param name="scores">Scores by weight name, each [rows, columns], in candidate order.</param>
    /// <param name="settings">Scope, mode and ratio.</param>
    /// <exception cref="ArgumentException">Settings are out of range, or a score tensor is not 2-D or holds NaN.</exception>
    public static AblationMask From(IReadOnlyList<(string Name, Tensor Score)> scores, AblationSettings settings)
    {
        AblationSettings.Validate(settings);
        using var frozen = no_grad();
        foreach (var (name, score) in scores)
        {
            using var scope = NewDisposeScope();
            if (score.ndim != 2)
                throw new ArgumentException($"Expected 2-D scores, {name} has {score.ndim} dimensions.", nameof(scores));
            if (score.isnan().any().ToBoolean())
                throw new ArgumentException($"Expected scores that are numbers, {name} holds NaN.", nameof(scores));
        }

        return settings.Scope == AblationScope.Model
            ? OverModel(scores, settings)
            : new AblationMask([.. scores.Select(s => OverTensor(s.Name, s.Score, settings))]);
    }

    private static TensorMask OverTensor(string name, Tensor score, AblationSettings settings)
    {
        using var scope = NewDisposeScope();
        var rows = settings.Scope == AblationScope.Row ? score : score.reshape(1, -1); // [groups, n]
        return new TensorMask(name, score.shape, Indices(Choose(rows, settings).reshape(-1)));
    }

    private static AblationMask OverModel(IReadOnlyList<(string Name, Tensor Score)> scores, AblationSettings settings)
    {
        using var scope = NewDisposeScope();
        var chosen = Choose(cat([.. scores.Select(s => s.Score.reshape(1, -1))], 1), settings).reshape(-1);
        long offset = 0;
        var tensors = new List<TensorMask>();
        foreach (var (name, score) in scores)
        {
            tensors.Add(new TensorMask(name, score.shape, Indices(chosen.narrow(0, offset, score.numel()))));
            offset += score.numel();
        }

        return new AblationMask(tensors);
    }

    private static long[] Indices(Tensor chosen) => chosen.nonzero().reshape(-1).cpu().data<long>().ToArray();

    /// <summary>Boolean [groups, n], true where the entry is ablated.</summary>
    private static Tensor Choose(Tensor score, AblationSettings settings)
    {
        var count = (int)(settings.Ratio * score.size(1));
        if (count == 0)
            return zeros(score.shape, dtype: ScalarType.Bool, device: score.device);
        return settings.Mode switch
        {
            AblationMode.Positive => End(score, count, largest: true).logical_and(score.ge(0)),
            AblationMode.Negative => End(score, count, largest: false).logical_and(score.le(0)),
            _ => End(score, count, largest: true).logical_or(End(score, count, largest: false)),
        };
    }

    /// <summary>
    /// True at <paramref name="count"/> entries of each group: one end of a stable sort from the largest down, as the public code's argsort makes it.
    /// So of equal scores at the boundary the top takes the first ones and the bottom the last. Sorting would take eight bytes a weight for its indices.
    /// </summary>
    private static Tensor End(Tensor score, int count, bool largest)
    {
        var (values, _) = score.topk(count, 1, largest, sorted: false);
        var boundary = largest ? values.amin([1], keepdim: true) : values.amax([1], keepdim: true); // [groups, 1]
        var reached = largest ? score.ge(boundary) : score.le(boundary);
        if (reached.sum(1).eq(count).all().ToBoolean())
            return reached;

        var beyond = largest ? score.gt(boundary) : score.lt(boundary);
        var equal = score.eq(boundary);
        var wanted = beyond.sum(1, keepdim: true).neg() + count; // [groups, 1]
        var place = equal.cumsum(1); // 1, 2, ... at the equal ones
        var taken = largest ? place.le(wanted) : place.gt(equal.sum(1, keepdim: true) - wanted);
        return beyond.logical_or(equal.logical_and(taken));
    }
}
