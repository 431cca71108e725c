using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using static TorchSharp.torch;

namespace SafetyPortal.Cli.Commands;

/// <summary>
/// Scores that were written for a model and may be used on no other. Those of the amplify objective are used on none: removing their highest weights strengthens
/// the concept, which the red team tries with scores of its own on a model in memory and which no file may carry.
/// </summary>
internal static class ScoresFile
{
    /// <summary>Digest that scores of these weights carry; null unless they are in single precision, since another type has another digest.</summary>
    public static string? BaseOf(UNet2DConditionModel unet) => unet.parameters().All(p => p.dtype == ScalarType.Float32) ? WeightsDigest.Of(unet) : null;

    /// <param name="file">What <c>portal attribute</c> wrote.</param>
    /// <param name="unet">The network the scores are meant for.</param>
    /// <param name="digest">Of its weights; null when not known.</param>
    /// <exception cref="InvalidDataException">The scores are of other weights, or amplify.</exception>
    public static AttributionResult Load(FileInfo file, UNet2DConditionModel unet, string? digest)
    {
        var scores = AttributionResult.Load(file.FullName);
        try
        {
            if (scores.Summary.Settings.Objective is not AttributionObjective.Erase and var objective)
                throw new InvalidDataException($"Expected scores of the objective erase in {file.FullName}, its objective is {objective.ToString().ToLowerInvariant()}: no edit is made of them.");
            if (digest is not null && scores.BaseDigest is { } other && !string.Equals(other, digest, StringComparison.Ordinal))
                throw new InvalidDataException($"Expected scores of the weights {digest}, {file.FullName} has those of {other}: run portal attribute on this model.");
            var shapes = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter.shape, StringComparer.Ordinal);
            foreach (var (name, score) in scores.Scores)
            {
                if (!shapes.TryGetValue(name, out var shape) || !shape.SequenceEqual(score.shape))
                    throw new InvalidDataException($"Expected scores of this model's weights in {file.FullName}, {name} [{string.Join(", ", score.shape)}] is none: run portal attribute on this model.");
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
