using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using static TorchSharp.torch;

namespace SafetyPortal.Cli.Commands;

/// <summary>
/// Scores that were written for a model and may be used on no other. Scores of the amplify objective may be used on none: removing the weights they rank
/// highest strengthens the concept. The red team tries that with scores of its own on a model in memory, and no file may carry it.
/// </summary>
internal static class ScoresFile
{
    /// <summary>Returns the digest that scores of these weights carry; null unless the weights are in single precision.</summary>
    public static string? BaseOf(UNet2DConditionModel unet) => unet.parameters().All(p => p.dtype == ScalarType.Float32) ? WeightsDigest.Of(unet) : null;

    /// <param name="file">File that <c>portal attribute</c> wrote.</param>
    /// <param name="unet">The network the scores are meant for.</param>
    /// <param name="digest">Of its weights; null when not known.</param>
    /// <exception cref="InvalidDataException">The scores are of other weights, or amplify.</exception>
    public static AttributionResult Load(FileInfo file, UNet2DConditionModel unet, string? digest)
    {
        const string Advice = "run portal attribute on this model.";
        var scores = AttributionResult.Load(file.FullName);
        try
        {
            if (scores.Summary.Settings.Objective is not AttributionObjective.Erase and var objective)
            {
                throw new InvalidDataException(
                    $"Expected scores of the objective erase in {file.FullName}, its objective is {objective.ToString().ToLowerInvariant()}: "
                    + "no edit is made of them.");
            }

            if (digest is not null && scores.BaseDigest is { } other && !string.Equals(other, digest, StringComparison.Ordinal))
                throw new InvalidDataException($"Expected scores of the weights {digest}, {file.FullName} has those of {other}: {Advice}");
            var shapes = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter.shape, StringComparer.Ordinal);
            foreach (var (name, score) in scores.Scores)
            {
                if (!shapes.TryGetValue(name, out var shape) || !shape.SequenceEqual(score.shape))
                {
                    throw new InvalidDataException(
                        $"Expected scores of this model's weights in {file.FullName}, {name} [{string.Join(", ", score.shape)}] is none: {Advice}");
                }
            }

            return scores;
        }
        catch
        {
            scores.Dispose();
            throw;
        }
    }
}
