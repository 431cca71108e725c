using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using static TorchSharp.torch;

namespace SafetyPortal.Cli.Commands;

/// <summary>Scores that were written for a model and may be used on no other.</summary>
internal static class ScoresFile
{
    /// <summary>Digest that scores of these weights carry; null unless they are in single precision, since another type has another digest.</summary>
    public static string? BaseOf(UNet2DConditionModel unet) => unet.parameters().All(p => p.dtype == ScalarType.Float32) ? WeightsDigest.Of(unet) : null;

    /// <param name="file">What <c>portal attribute</c> wrote.</param>
    /// <param name="digest">Of the weights the scores are meant for; null when not known.</param>
    /// <exception cref="InvalidDataException">The scores are of other weights.</exception>
    public static AttributionResult Load(FileInfo file, string? digest)
    {
        var scores = AttributionResult.Load(file.FullName);
        if (digest is null || scores.BaseDigest is null || string.Equals(scores.BaseDigest, digest, StringComparison.Ordinal)) return scores;
        var other = scores.BaseDigest;
        scores.Dispose();
        throw new InvalidDataException($"Expected scores of the weights {digest}, {file.FullName} has those of {other}: run portal attribute on this model.");
    }
}
