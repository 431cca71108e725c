using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;

namespace SafetyPortal.Trials.Probing;

/// <summary>Says where in the network and in time an attribution found a concept.</summary>
public static class ConceptMasses
{
    private const string Weight = ".weight";

    // A transformer block's name ends in its number; what follows is the matrix.
    private const string BlockMark = ".transformer_blocks.";

    /// <summary>Masses per tensor and timestep, with the share of each tensor that a patch edits.</summary>
    public static ConceptLocation Location(UNet2DConditionModel unet, AttributionSummary attribution, AblationPatch patch)
    {
        ArgumentNullException.ThrowIfNull(unet);
        ArgumentNullException.ThrowIfNull(attribution);
        ArgumentNullException.ThrowIfNull(patch);
        var sizes = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter.numel(), StringComparer.Ordinal);
        var edited = patch.Tensors.ToDictionary(t => t.Mask.Name, t => (long)t.Mask.Indices.Length, StringComparer.Ordinal);
        return new ConceptLocation(
            [.. attribution.Layers.Select(layer =>
            {
                var (place, matrix) = Split(layer.Name);
                return new WeightMass(
                    layer.Name, layer.Block, place, matrix, layer.Positive, layer.Negative, sizes.GetValueOrDefault(layer.Name), edited.GetValueOrDefault(layer.Name));
            })],
            [.. attribution.Timesteps.Select(t => new TimestepMass(t.Timestep, t.Objective, t.Positive, t.Negative))]);
    }

    /// <summary>Layer and kind of matrix out of a weight's name in the checkpoint.</summary>
    internal static (string Layer, string Matrix) Split(string name)
    {
        var bare = name.EndsWith(Weight, StringComparison.Ordinal) ? name[..^Weight.Length] : name;
        var mark = bare.IndexOf(BlockMark, StringComparison.Ordinal);
        var end = mark < 0 ? -1 : bare.IndexOf('.', mark + BlockMark.Length);
        return end < 0 ? (bare, string.Empty) : (bare[..end], bare[(end + 1)..]);
    }
}
