using SafetyPortal.Evaluation;
using SafetyPortal.Images;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Worker.Measuring;
using SafetyPortal.Worker.Models;

namespace SafetyPortal.Worker.Probing;

/// <summary>What an edit does to prompts that do not ask for the concept, same seeds.</summary>
public static class Specificity
{
    private const string Backbone = "demo encoder, 1 - cosine";

    /// <param name="model">Its image encoder gives the distances.</param>
    /// <param name="prompts">The prompts of the images, in any order.</param>
    /// <param name="before">Images of the unedited model.</param>
    /// <param name="after">Images of the edited model, in the same order.</param>
    public static SpecificityMetrics Measure(LoadedModel model, IEnumerable<string> prompts, IReadOnlyList<Raster> before, IReadOnlyList<Raster> after)
    {
        ArgumentNullException.ThrowIfNull(model);
        var ssim = before.Zip(after, Ssim.Compare).ToArray();
        return new SpecificityMetrics(
            ssim.Length,
            [.. prompts.Distinct(StringComparer.Ordinal)],
            Estimates.Mean(ssim),
            Estimates.Mean(model.Reader.Distances(before, after)),
            Backbone,
            RedTeamRun.Rate([.. ssim.Select(s => s >= SpecificityMetrics.UnchangedSsim)]));
    }
}
