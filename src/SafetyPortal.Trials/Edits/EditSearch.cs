using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Trials.Models;

namespace SafetyPortal.Trials.Edits;

/// <summary>Searches scope, window and candidate set around <see cref="DoseSearch"/>, and stops at the first that passes the policy.</summary>
public static class EditSearch
{
    /// <summary>The trials of the settings that were found, and those settings.</summary>
    /// <param name="attribution">Scores made with <see cref="EditSettings.Attribution"/>; stays the caller's.</param>
    /// <param name="doses">At least one.</param>
    /// <param name="progress">Called before each trial with its number and dose.</param>
    public static (EditSettings Settings, IReadOnlyList<DoseTrial> Trials) Run(
        LoadedModel model,
        EditSettings settings,
        AttributionResult attribution,
        StagedGallery gallery,
        IReadOnlyList<double> doses,
        PolicyDocument policy,
        Action<int, double>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(doses);
        var (found, best) = (settings, (IReadOnlyList<DoseTrial>?)null);
        var tried = 0;
        foreach (var variant in settings.Variants())
        {
            using var bench = new EditBench(model, variant, attribution);

            // After the first variant only the largest dose is tried.
            var trials = DoseSearch.Run(bench, gallery, best is null ? doses : [doses.Max()], policy, (_, dose) => progress?.Invoke(tried++, dose), cancellation);
            var result = DoseSearch.Best(trials);
            if (best is null || result.Passed || result.Merit > DoseSearch.Best(best).Merit) (found, best) = (variant, trials);
            if (result.Passed) break;
        }

        return (found, best!);
    }
}
