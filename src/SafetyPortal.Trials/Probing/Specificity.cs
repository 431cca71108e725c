using SafetyPortal.Evaluation;
using SafetyPortal.Images;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;

namespace SafetyPortal.Trials.Probing;

/// <summary>What an edit does to prompts that do not ask for the concept, same seeds.</summary>
public static class Specificity
{
    private const string OwnEncoder = "demo encoder, 1 - cosine";

    /// <param name="model">LPIPS gives the distances when it was supplied, the model folder's image encoder otherwise.</param>
    /// <param name="prompts">The prompts of the images, in any order.</param>
    /// <param name="before">Images of the unedited model.</param>
    /// <param name="after">Images of the edited model, in the same order.</param>
    public static SpecificityMetrics Measure(LoadedModel model, IEnumerable<string> prompts, IReadOnlyList<Raster> before, IReadOnlyList<Raster> after)
    {
        ArgumentNullException.ThrowIfNull(model);
        var lpips = model.Backbones.Lpips;
        double[] distances = lpips is null ? model.Reader.Distances(before, after) : [.. before.Zip(after, lpips.Compare)];
        var ssim = before.Zip(after, Ssim.Compare).ToArray();
        return new SpecificityMetrics(
            ssim.Length,
            [.. prompts.Distinct(StringComparer.Ordinal)],
            Estimates.Mean(ssim),
            Estimates.Mean(distances),
            lpips is null ? OwnEncoder : $"LPIPS ({lpips.Backbone})",
            RedTeamRun.Rate([.. ssim.Select(s => s >= SpecificityMetrics.UnchangedSsim)]));
    }
}
