using SafetyPortal.Diffusion.Unet;

namespace SafetyPortal.Erasure.Ablation;

/// <summary>The weights, or a patch for them, are not the ones expected.</summary>
public sealed class PatchMismatchException(string message) : Exception(message);

/// <summary>A patch in force on a live model. Disposing restores the weights from before, bit for bit.</summary>
public sealed class AppliedPatch : IDisposable
{
    private readonly WeightChanges changes;

    private AppliedPatch(WeightChanges changes) => this.changes = changes;

    /// <summary>Applies a patch and checks both digests; on any mismatch the weights stay as they were.</summary>
    /// <exception cref="PatchMismatchException">The model is not the patch's base, or the result is not the promised one.</exception>
    public static AppliedPatch Apply(UNet2DConditionModel unet, AblationPatch patch)
    {
        var before = WeightsDigest.Of(unet);
        if (before != patch.BaseDigest)
            throw new PatchMismatchException($"Expected a model with the weights {patch.BaseDigest} that the patch was made for, got {before}.");

        var changes = WeightChanges.Apply(unet, patch.Tensors);
        var after = WeightsDigest.Of(unet);
        if (after == patch.ResultDigest)
            return new AppliedPatch(changes);
        changes.Dispose();
        throw new PatchMismatchException($"Expected the patched weights {patch.ResultDigest}, got {after}; the model was restored.");
    }

    public void Dispose() => changes.Dispose();
}
