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
