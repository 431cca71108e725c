using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Ablation;

/// <summary>
/// Turns scores into a mask. Counts follow the public code: <c>int(ratio * n)</c>, so a short row at a small ratio loses nothing;
/// <see cref="AblationMode.Positive"/> also asks for score &gt;= 0, <see cref="AblationMode.Negative"/> for score &lt;= 0.
/// </summary>
public static class MaskSelection
{
    /// <summary>Selects the entries to ablate.</summary>
    /// <param name="scores">Scores by weight name, each [rows, columns], in candidate order.</param>
    /// <param name="settings">Scope, mode and ratio.</param>
    /// <exception cref="ArgumentException">Settings out of range, or a score tensor that is not 2-D.</exception>
    public static AblationMask From(IReadOnlyList<(string Name, Tensor Score)> scores, AblationSettings settings)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(settings);
        AblationSettings.Validate(settings);
        if (scores.FirstOrDefault(s => s.Score.ndim != 2) is { Score: not null } odd)
            throw new ArgumentException($"Expected 2-D scores, {odd.Name} has {odd.Score.ndim} dimensions.", nameof(scores));

        using var frozen = no_grad();
        return settings.Scope == AblationScope.Model
            ? OverModel(scores, settings)
            : new AblationMask(scores.Select(s => OverTensor(s.Name, s.Score, settings)).ToList());
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
        var chosen = zeros(score.shape, dtype: ScalarType.Bool, device: score.device);
        if (count == 0) return chosen;

        if (settings.Mode is AblationMode.Positive or AblationMode.Both) Mark(chosen, score, count, largest: true);
        if (settings.Mode is AblationMode.Negative or AblationMode.Both) Mark(chosen, score, count, largest: false);
        return settings.Mode switch
        {
            AblationMode.Positive => chosen.logical_and(score.ge(0)),
            AblationMode.Negative => chosen.logical_and(score.le(0)),
            _ => chosen,
        };
    }

    private static void Mark(Tensor chosen, Tensor score, int count, bool largest)
    {
        var (_, indices) = score.topk(count, 1, largest);
        chosen.scatter_(1, indices, ones(indices.shape, dtype: ScalarType.Bool, device: score.device));
    }
}
