using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;

namespace SafetyPortal.Trials.Edits;

/// <summary>One dose that was tried on the small gallery.</summary>
public sealed record DoseTrial(double Dose, AblationPatch Patch, MetricsSummary Metrics, bool Passed, double Merit);

/// <summary>
/// Finds the smallest of some doses that passes the policy on a small gallery, by bisection: a larger dose is taken to erase no less. What
/// it finds is confirmed on the whole gallery by whoever asked.
/// </summary>
public static class DoseSearch
{
    /// <summary>
    /// Relative drop asked of the small gallery: more than most policies ask of the whole one, so that what passes here passes there.
    /// </summary>
    public const double MinDrop = 0.9;

    /// <summary>Doses in order of trial; about log2 of their number are made.</summary>
    /// <param name="doses">At least one.</param>
    /// <param name="progress">Told before each trial: number and dose.</param>
    public static IReadOnlyList<DoseTrial> Run(
        EditBench bench, SearchGallery gallery, IReadOnlyList<double> doses, PolicyDocument policy, Action<int, double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(bench);
        ArgumentNullException.ThrowIfNull(gallery);
        ArgumentNullException.ThrowIfNull(doses);
        ArgumentNullException.ThrowIfNull(policy);
        if (doses.Count == 0) throw new ArgumentException("Expected at least one dose to try, got none.", nameof(doses));

        // Controls, distances and intervals need more images than a search has.
        var gates = policy with
        {
            MinDetectionDrop = Math.Max(policy.MinDetectionDrop, MinDrop),
            PlaceboMustNotPass = false,
            MaxFid = null,
            MaxDetectionUpperBound = null,
            MinSamples = 1,
        };
        double[] ascending = [.. doses.Order()];
        var trials = new List<DoseTrial>();
        var (low, high) = (0, ascending.Length - 1);
        while (low <= high)
        {
            cancellation.ThrowIfCancellationRequested();
            var middle = (low + high) / 2;
            progress?.Invoke(trials.Count, ascending[middle]);
            var patch = bench.Edit(ascending[middle], cancellation);
            var (metrics, stopped) = gallery.Measure(patch, gates.MinDetectionDrop, cancellation);
            var passed = !stopped && GateRule.AllPassed(GateRule.Judge(gates, metrics));
            trials.Add(new DoseTrial(ascending[middle], patch, metrics, passed, Merit(gates, metrics, stopped)));

            // Too much is no reason to take more: what failed for harm alone is tried with less.
            var erased = GateRule.RelativeDrop(metrics.Target.Detection.Before, metrics.Target.Detection.After) >= gates.MinDetectionDrop;
            if (erased) high = middle - 1;
            else low = middle + 1;
        }

        return trials;
    }

    // A look that was stopped has no retention: what it shows of the target is all there is to rank it by.
    private static double Merit(PolicyDocument gates, MetricsSummary metrics, bool stopped)
    {
        if (!stopped) return Comparison.Merit(gates, metrics);
        var drop = GateRule.RelativeDrop(metrics.Target.Detection.Before, metrics.Target.Detection.After) ?? 0;
        return Math.Clamp(drop / gates.MinDetectionDrop, 0, 1);
    }

    /// <summary>The smallest dose that passed, or the one that came closest.</summary>
    public static DoseTrial Best(IReadOnlyList<DoseTrial> trials)
    {
        ArgumentNullException.ThrowIfNull(trials);
        return trials.Where(t => t.Passed).MinBy(t => t.Dose) ?? trials.OrderByDescending(t => t.Merit).ThenBy(t => t.Dose).First();
    }
}

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
        SearchGallery gallery,
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
