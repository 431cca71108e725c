using SafetyPortal.Erasure.Ablation;

namespace SafetyPortal.Erasure.Methods;

/// <summary>
/// The placebo: as many weights of each tensor as the edit takes, chosen at random. An edit that does no better than this has
/// shown damage, not attribution.
/// </summary>
public static class RandomPlacebo
{
    /// <summary>A mask with the per-tensor counts of <paramref name="edit"/>; the same seed gives the same mask.</summary>
    public static AblationMask Like(AblationMask edit, int seed)
    {
        ArgumentNullException.ThrowIfNull(edit);
        var random = new Random(seed);
        return new AblationMask(edit.Tensors.Select(t => t with { Indices = Draw(t.Numel, t.Indices.Length, random) }).ToList());
    }

    // Floyd's algorithm: exactly count distinct indices in count draws, however large the tensor.
    private static long[] Draw(long numel, int count, Random random)
    {
        var chosen = new SortedSet<long>();
        for (var upper = numel - count; upper < numel; upper++)
        {
            var candidate = random.NextInt64(upper + 1);
            if (!chosen.Add(candidate)) chosen.Add(upper);
        }

        return [.. chosen];
    }
}
