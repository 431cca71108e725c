using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Methods;

/// <summary>The magnitude control: as many weights of each tensor as the edit takes, the largest by absolute value.</summary>
public static class LargestWeights
{
    /// <summary>A mask with the per-tensor counts of <paramref name="edit"/>.</summary>
    public static AblationMask Like(UNet2DConditionModel unet, AblationMask edit)
    {
        ArgumentNullException.ThrowIfNull(unet);
        ArgumentNullException.ThrowIfNull(edit);
        var weights = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        using var frozen = no_grad();
        return new AblationMask(edit.Tensors.Select(t => t with { Indices = Largest(weights[t.Name], t.Indices.Length) }).ToList());
    }

    private static long[] Largest(Tensor weight, int count)
    {
        if (count == 0) return [];
        using var scope = NewDisposeScope();
        var (_, indices) = weight.detach().abs().reshape(-1).topk(count);
        var chosen = indices.cpu().data<long>().ToArray();
        Array.Sort(chosen);
        return chosen;
    }
}

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
