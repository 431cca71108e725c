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
        using var frozen = no_grad();
        return new AblationMask([.. edit.WithoutEmpty().WeightsIn(unet).Select(t => t.Mask with { Indices = Largest(t.Weight, t.Mask.Indices.Length) })]);
    }

    private static long[] Largest(Tensor weight, int count)
    {
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
        var random = new Random(seed);
        return new AblationMask([.. edit.Tensors.Select(t => t with { Indices = Draw(t.Numel, t.Indices.Length, random) })]);
    }

    /// <summary>Draws that many different numbers from 0 on and below <paramref name="all"/>, ascending, by Floyd's algorithm.</summary>
    internal static long[] Draw(long all, int count, Random random)
    {
        var chosen = new HashSet<long>();
        for (var upper = all - count; upper < all; upper++)
        {
            if (!chosen.Add(random.NextInt64(upper + 1)))
                chosen.Add(upper);
        }

        return [.. chosen.Order()];
    }
}
