using System.Globalization;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Trials.Edits;

namespace SafetyPortal.Worker.Stages;

/// <summary>
/// Makes the patches that the gallery tries. CAD makes one for every dose. The improved method, whose edits take longer, begins at the dose that a
/// small gallery finds sufficient, unless the settings try all doses.
/// </summary>
internal static class AblateStage
{
    public static async Task<AblateOutput> RunAsync(
        RunContext context, LoadOutput load, StoredGallery baseline, AttributeOutput attribution, CancellationToken cancellation)
    {
        var scores = await context.Artifacts.PathOfAsync(attribution.Scores, cancellation);
        var (settings, edits) = await context.Compute(() => Make(context, load, baseline, scores, cancellation));
        var patches = new List<DosePatch>();
        foreach (var (dose, patch) in edits)
            patches.Add(new DosePatch(dose, patch.Count, await context.PutWrittenAsync(patch.Save, cancellation), patch.ResultDigest));
        return new AblateOutput(
            patches, settings.Method == EraseMethod.Cad ? null : new EditVariant(settings.Scope, settings.Window, settings.FeedForwardOnly));
    }

    private static (EditSettings Settings, List<(double Dose, AblationPatch Patch)> Edits) Make(
        RunContext context, LoadOutput load, StoredGallery baseline, string scores, CancellationToken cancellation)
    {
        var doses = context.Request.Doses.Order().ToList();
        var settings = AttributeStage.Settings(context, load);
        using var attribution = AttributionResult.Load(scores);
        if (settings.Method == EraseMethod.Improved && load.Settings.StopAtFirstPass && doses.Count > 1)
            return Searched(context, load, baseline, settings, attribution, doses, cancellation);

        using var bench = new EditBench(context.Model(cancellation), settings, attribution, cancellation);
        var edits = new List<(double, AblationPatch)>();
        foreach (var dose in doses)
        {
            cancellation.ThrowIfCancellationRequested();
            Report(context, edits.Count, doses.Count, dose);
            edits.Add((dose, bench.Edit(dose)));
        }

        return (settings, edits);
    }

    /// <summary>Returns the best dose of the search and the larger ones that it tried, in case the whole gallery asks for more.</summary>
    private static (EditSettings Settings, List<(double Dose, AblationPatch Patch)> Edits) Searched(
        RunContext context,
        LoadOutput load,
        StoredGallery baseline,
        EditSettings settings,
        AttributionResult attribution,
        List<double> doses,
        CancellationToken cancellation)
    {
        var most = (int)Math.Ceiling(Math.Log2(doses.Count + 1));
        var model = context.Model(cancellation);
        var known = load.Painting() == SearchGallery.Painting ? load.Evaluation.Cases.Zip(baseline.Images) : [];
        var (found, trials) = EditSearch.Run(
            model,
            settings,
            attribution,
            SearchGallery.For(model, settings, load.Settings.SearchImages, known),
            doses,
            load.Policy.Document,
            (step, dose) => Report(context, step, Math.Max(most, step + 1), dose),
            cancellation);
        var best = EditSearch.Best(trials);
        return (found, [.. trials.Where(t => t.Dose >= best.Dose).OrderBy(t => t.Dose).Select(t => (t.Dose, t.Patch))]);
    }

    private static void Report(RunContext context, int step, int steps, double dose) =>
        context.Report(RunStage.Ablate, step, steps, string.Create(CultureInfo.InvariantCulture, $"dose {dose}"));
}
