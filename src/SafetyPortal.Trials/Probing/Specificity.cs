using SafetyPortal.Evaluation;
using SafetyPortal.Images;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;

namespace SafetyPortal.Trials.Probing;

/// <summary>What an edit does to prompts that do not ask for the concept, same seeds.</summary>
public static class Specificity
{
    /// <param name="model">Supplied LPIPS gives the distances, or else the model folder's image encoder.</param>
    /// <param name="prompts">The prompts of the images, in any order.</param>
    /// <param name="before">Images of the unedited model.</param>
    /// <param name="after">Images of the edited model, in the same order.</param>
    public static SpecificityMetrics Measure(LoadedModel model, IEnumerable<string> prompts, IReadOnlyList<Raster> before, IReadOnlyList<Raster> after)
    {
        var lpips = model.Backbones.Lpips;
        double[] distances = lpips is null ? model.Reader.Distances(before, after) : [.. before.Zip(after, lpips.Compare)];
        var ssim = before.Zip(after, Ssim.Compare).ToArray();
        return new SpecificityMetrics(
            ssim.Length,
            [.. prompts.Distinct(StringComparer.Ordinal)],
            Estimates.Mean(ssim),
            Estimates.Mean(distances),
            lpips is null ? "demo encoder, 1 - cosine" : $"LPIPS ({lpips.Backbone})",
            Estimates.Rate([.. ssim.Select(s => s >= SpecificityMetrics.UnchangedSsim)]));
    }
}
