using SafetyPortal.Diffusion.Unet;

namespace SafetyPortal.Erasure.Ablation;

/// <summary>Makes patches, with both digests computed on the live weights.</summary>
public static class PatchBuilder
{
    /// <summary>Returns the patch that ablates <paramref name="mask"/>. The model does not change.</summary>
    public static AblationPatch FromMask(
        UNet2DConditionModel unet, AblationMask mask, AblationSettings settings, IReadOnlyDictionary<string, string>? notes = null)
    {
        ArgumentNullException.ThrowIfNull(mask);
        ArgumentNullException.ThrowIfNull(settings);
        return Complete(unet, FillValues.For(unet, mask, settings), notes);
    }

    /// <summary>Returns the patch that gives some weights new values. The model does not change.</summary>
    public static AblationPatch FromValues(UNet2DConditionModel unet, IReadOnlyList<PatchTensor> values, IReadOnlyDictionary<string, string>? notes = null)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Complete(unet, [.. values.Where(t => t.Mask.Indices.Length > 0)], notes);
    }

    /// <summary>
    /// Returns one patch for several that were made for the same base. Where two change one weight, the later value counts.
    /// Patches made on the result of another are applied one after the other instead.
    /// </summary>
    /// <exception cref="PatchMismatchException">A patch was made for other weights.</exception>
    public static AblationPatch Combine(
        UNet2DConditionModel unet, IReadOnlyList<AblationPatch> patches, IReadOnlyDictionary<string, string>? notes = null)
    {
        ArgumentNullException.ThrowIfNull(patches);
        var digest = WeightsDigest.Of(unet);
        if (patches.FirstOrDefault(p => !string.Equals(p.BaseDigest, digest, StringComparison.Ordinal)) is { } foreign)
            throw new PatchMismatchException($"Expected patches for the weights {digest}, one is for {foreign.BaseDigest}.");

        var tensors = patches
            .SelectMany(p => p.Tensors)
            .GroupBy(t => t.Mask.Name, StringComparer.Ordinal)
            .Select(Merge)
            .ToList();
        return Complete(unet, tensors, notes);
    }

    private static AblationPatch Complete(
        UNet2DConditionModel unet, List<PatchTensor> tensors, IReadOnlyDictionary<string, string>? notes)
    {
        var draft = new AblationPatch(tensors, WeightsDigest.Of(unet), string.Empty, notes ?? new Dictionary<string, string>(StringComparer.Ordinal));
        using var applied = AppliedPatch.WriteUnverified(unet, draft);
        return new AblationPatch(tensors, draft.BaseDigest, WeightsDigest.Of(unet), draft.Notes);
    }

    private static PatchTensor Merge(IGrouping<string, PatchTensor> group)
    {
        var values = new SortedDictionary<long, float>();
        foreach (var item in group)
        {
            for (var i = 0; i < item.Mask.Indices.Length; i++) values[item.Mask.Indices[i]] = item.Fill?[i] ?? 0;
        }

        var fill = values.Values.ToArray();
        return new PatchTensor(group.First().Mask with { Indices = [.. values.Keys] }, Array.TrueForAll(fill, v => v == 0) ? null : fill);
    }
}
