using SafetyPortal.Diffusion.Unet;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Ablation;

/// <summary>The weights, or a patch for them, are not the ones expected.</summary>
public sealed class PatchMismatchException(string message) : Exception(message);

/// <summary>A patch in force on a live model; disposing it restores the exact weights from before.</summary>
public sealed class AppliedPatch : IDisposable
{
    private readonly WeightChanges changes = new();

    private AppliedPatch(AblationPatch patch) => Patch = patch;

    public AblationPatch Patch { get; }

    /// <summary>Applies a patch and checks both digests; on any mismatch the weights stay as they were.</summary>
    /// <exception cref="PatchMismatchException">The model is not the patch's base, or the result is not the promised one.</exception>
    public static AppliedPatch Apply(UNet2DConditionModel unet, AblationPatch patch)
    {
        ArgumentNullException.ThrowIfNull(patch);
        var before = WeightsDigest.Of(unet);
        if (!string.Equals(before, patch.BaseDigest, StringComparison.Ordinal))
            throw new PatchMismatchException($"Expected a model with the weights {patch.BaseDigest} that the patch was made for, got {before}.");

        var applied = WriteUnverified(unet, patch);
        var after = WeightsDigest.Of(unet);
        if (string.Equals(after, patch.ResultDigest, StringComparison.Ordinal)) return applied;

        applied.Dispose();
        throw new PatchMismatchException($"Expected the patched weights {patch.ResultDigest}, got {after}; the model was restored.");
    }

    /// <summary>Writes the new values and checks no digest.</summary>
    internal static AppliedPatch WriteUnverified(UNet2DConditionModel unet, AblationPatch patch)
    {
        ArgumentNullException.ThrowIfNull(unet);
        var weights = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        foreach (var mask in patch.Tensors.Select(t => t.Mask))
        {
            if (!weights.TryGetValue(mask.Name, out var weight))
                throw new PatchMismatchException($"Expected a weight called {mask.Name}, the model has none.");
            if (!weight.shape.SequenceEqual(mask.Shape))
            {
                throw new PatchMismatchException(
                    $"Expected {mask.Name} of shape [{string.Join(", ", mask.Shape)}], the model's is [{string.Join(", ", weight.shape)}].");
            }
        }

        var applied = new AppliedPatch(patch);
        foreach (var item in patch.Tensors) applied.changes.Write(weights[item.Mask.Name], item.Mask.Indices, item.Fill);
        return applied;
    }

    /// <summary>Restores the weights from before, bit for bit.</summary>
    public void Dispose() => changes.Dispose();
}

/// <summary>Single weights written over until disposal, which puts back what was there, bit for bit.</summary>
internal sealed class WeightChanges : IDisposable
{
    private readonly List<(Parameter Weight, Tensor Indices, Tensor Before)> changes = [];

    /// <param name="weight">Contiguous.</param>
    /// <param name="indices">Flat positions, each once.</param>
    /// <param name="values">As many as indices; null writes zeros.</param>
    public void Write(Parameter weight, long[] indices, float[]? values = null)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var positions = tensor(indices, [indices.Length]).to(weight.device);
        var flat = weight.detach().view(-1);
        var before = flat.index_select(0, positions);
        flat.index_copy_(0, positions, values is null ? zeros_like(before) : tensor(values, [values.Length]).to(weight.dtype, weight.device));
        changes.Add((weight, positions.DetachFromDisposeScope(), before.DetachFromDisposeScope()));
    }

    public void Dispose()
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        // Last written, first restored: positions written twice get what was there at first.
        foreach (var (weight, indices, before) in Enumerable.Reverse(changes))
        {
            weight.detach().view(-1).index_copy_(0, indices, before);
            indices.Dispose();
            before.Dispose();
        }

        changes.Clear();
    }
}
