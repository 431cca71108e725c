using SafetyPortal.Diffusion.Unet;

namespace SafetyPortal.Erasure.Ablation;

/// <summary>Makes patches, with both digests computed on the live weights. The model does not change.</summary>
public static class PatchBuilder
{
    /// <summary>Returns the patch that ablates <paramref name="mask"/>.</summary>
    /// <exception cref="PatchMismatchException">The model has no such weight, or one of another shape.</exception>
    public static AblationPatch FromMask(
        UNet2DConditionModel unet, AblationMask mask, AblationSettings settings, IReadOnlyDictionary<string, string>? notes = null) =>
        FromValues(unet, FillValues.For(unet, mask, settings), notes);

    /// <summary>Returns the patch that gives some weights new values.</summary>
    /// <exception cref="PatchMismatchException">The model has no such weight, or one of another shape.</exception>
    public static AblationPatch FromValues(UNet2DConditionModel unet, IReadOnlyList<PatchTensor> values, IReadOnlyDictionary<string, string>? notes = null)
    {
        List<PatchTensor> tensors = [.. values.Where(t => t.Mask.Indices.Length > 0)];
        var before = WeightsDigest.Of(unet);
        using var applied = WeightChanges.Apply(unet, tensors);
        return new AblationPatch(tensors, before, WeightsDigest.Of(unet), notes ?? new Dictionary<string, string>(StringComparer.Ordinal));
    }
}
