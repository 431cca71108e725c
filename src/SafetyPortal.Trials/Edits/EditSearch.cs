using System.Diagnostics;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Edits;

/// <summary>One dose that was tried on the small gallery.</summary>
/// <param name="Merit">How close the edit came to the policy, 0 to 1.</param>
public sealed record DoseTrial(double Dose, AblationPatch Patch, bool Passed, double Merit);

/// <summary>
/// Searches the settings and the smallest dose of an edit that passes the policy on a small gallery. The caller confirms the result on the whole gallery.
/// </summary>
public static class EditSearch
{
    // More than most policies ask of the whole gallery, so that what passes here passes there.
    private const double MinDrop = 0.9;

    /// <summary>
    /// Tries scopes, windows and candidate sets in turn and stops at the first that passes. Returns the settings that passed or came closest, and their trials.
    /// </summary>
    /// <param name="attribution">Scores made with <see cref="EditSettings.Attribution"/>. The caller disposes them.</param>
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
        if (doses.Count == 0)
            throw new ArgumentException("Expected at least one dose to try, got none.", nameof(doses));

        // Controls, distances and intervals need more images than a search has.
        var gates = policy with
        {
            MinDetectionDrop = Math.Max(policy.MinDetectionDrop, MinDrop),
            PlaceboMustNotPass = false,
            MaxFid = null,
            MaxDetectionUpperBound = null,
            MinSamples = 1,
        };
        (EditSettings Settings, IReadOnlyList<DoseTrial> Trials)? found = null;
        var tried = 0;
        foreach (var variant in settings.Variants())
        {
            using var bench = new EditBench(model, variant, attribution, cancellation);

            // After the first variant only the largest dose is tried.
            var trials = Bisect(bench, gallery, found is null ? doses : [doses.Max()], gates, dose => progress?.Invoke(tried++, dose), cancellation);
            var best = Best(trials);
            if (found is null || best.Passed || best.Merit > Best(found.Value.Trials).Merit)
                found = (variant, trials);
            if (best.Passed)
                break;
        }

        return found!.Value;
    }

    /// <summary>Returns the smallest dose that passed, or the one that came closest.</summary>
    public static DoseTrial Best(IReadOnlyList<DoseTrial> trials) =>
        trials.Where(t => t.Passed).MinBy(t => t.Dose) ?? trials.OrderByDescending(t => t.Merit).ThenBy(t => t.Dose).First();

    // A larger dose is taken to erase no less. About log2 of the number of doses are tried.
    private static List<DoseTrial> Bisect(
        EditBench bench, SearchGallery gallery, IReadOnlyList<double> doses, PolicyDocument gates, Action<double> progress, CancellationToken cancellation)
    {
        double[] ascending = [.. doses.Order()];
        var trials = new List<DoseTrial>();
        var (low, high) = (0, ascending.Length - 1);
        while (low <= high)
        {
            cancellation.ThrowIfCancellationRequested();
            var middle = (low + high) / 2;
            progress(ascending[middle]);
            var patch = bench.Edit(ascending[middle]);
            var (metrics, stopped) = gallery.Measure(patch, gates.MinDetectionDrop, cancellation);
            var drop = GateRule.RelativeDrop(metrics.Target.Detection.Before, metrics.Target.Detection.After);

            // A gallery that was stopped has no retention: only the target ranks it.
            var merit = stopped ? Math.Clamp((drop ?? 0) / gates.MinDetectionDrop, 0, 1) : Comparison.Merit(gates, metrics);
            trials.Add(new DoseTrial(ascending[middle], patch, !stopped && GateRule.AllPassed(GateRule.Judge(gates, metrics)), merit));

            // An edit that failed for harm alone is tried with less.
            if (drop >= gates.MinDetectionDrop)
                high = middle - 1;
            else
                low = middle + 1;
        }

        return trials;
    }
}

/// <summary>An edit with its controls, made without a portal around it.</summary>
/// <param name="Controls">The other ways to make an edit of this size; see <see cref="EditBench.Controls"/>.</param>
/// <param name="EditSeconds">Wall clock of the search with its edits, without attribution and controls.</param>
/// <param name="ControlSeconds">Wall clock of all controls.</param>
public sealed record EditProposal(AblationPatch Patch, double Dose, IReadOnlyList<NamedPatch> Controls, double EditSeconds, double ControlSeconds);

/// <summary>
/// Searches the dose and makes edit and controls for one concept, by the default doses and policy. The same arguments give the same patches on the
/// same machine. Belongs to the torch thread.
/// </summary>
public static class EditChooser
{
    private static readonly EvaluationSize SearchSize = new(16, 1);

    /// <param name="attribution">Scores made with <see cref="EditSettings.Attribution"/>. The caller disposes them.</param>
    /// <param name="withControls">Whether controls are made.</param>
    public static EditProposal Choose(
        LoadedModel model, EditSettings settings, AttributionResult attribution, bool withControls, CancellationToken cancellation = default)
    {
        var clock = Stopwatch.StartNew();
        var gallery = SearchGallery.For(model, settings, SearchSize, known: []);
        var (found, trials) = EditSearch.Run(
            model, settings, attribution, gallery, EraseMethods.DefaultDoses, PolicyDocument.Default, cancellation: cancellation);
        var best = EditSearch.Best(trials);
        var edited = clock.Elapsed.TotalSeconds;
        using var bench = new EditBench(model, found, attribution, cancellation);
        var controls = withControls ? bench.Controls(best.Dose, best.Patch) : [];
        return new EditProposal(best.Patch, best.Dose, controls, edited, clock.Elapsed.TotalSeconds - edited);
    }
}
