using System.Globalization;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Trials.Edits;
using SafetyPortal.Trials.Measuring;

namespace SafetyPortal.Worker.Stages;

/// <summary>
/// Makes the images of the edited models, doses ascending, with the seeds of the baseline. The sweep ends at the smallest dose that passes the
/// policy, unless the settings try all doses. The controls follow at the chosen dose.
/// </summary>
internal static class GenerateStage
{
    // The most controls that EditBench makes, for the progress.
    private const int ControlCount = 5;

    public static async Task<GenerateOutput> RunAsync(
        RunContext context, LoadOutput load, StoredGallery baseline, AttributeOutput attribution, AblateOutput ablation, CancellationToken cancellation)
    {
        var store = new GalleryStore(context, load);
        var cases = load.Evaluation.Cases;
        var part = load.Evaluation.Thin(load.Settings.ControlImages).Cases;
        var controls = part.Count * ControlCount;
        var total = (cases.Count * ablation.Doses.Count) + controls;
        var made = 0;
        var tried = new List<DoseGallery>();
        var verdicts = new List<(double Dose, bool Passed, double Merit)>();

        // The placebo and the FID come later, so this sweep cannot judge them.
        var policy = load.Policy.Document with { PlaceboMustNotPass = false, MaxFid = null };
        foreach (var patches in ablation.Doses)
        {
            var message = string.Create(CultureInfo.InvariantCulture, $"dose {patches.Dose}");
            var gallery = await store.MakeAsync(RunStage.Generate, cases, patches.Patch, made, total, message, cancellation);
            made += cases.Count;
            tried.Add(new DoseGallery(patches.Dose, gallery));

            var metrics = await context.Compute(() => Comparison.Between(load.Evaluation, baseline.Images, gallery.Images));
            var passed = GateRule.AllPassed(GateRule.Judge(policy, metrics));
            verdicts.Add((patches.Dose, passed, Comparison.Merit(policy, metrics)));
            if (passed && load.Settings.StopAtFirstPass)
                break;
        }

        var chosen = verdicts.Exists(v => v.Passed)
            ? verdicts.First(v => v.Passed).Dose
            : verdicts.OrderByDescending(v => v.Merit).ThenBy(v => v.Dose).First().Dose;
        made = total - controls;
        var galleries = new List<ControlGallery>();
        foreach (var control in await ControlsAsync(context, load, attribution, ablation.Variant, ablation.Of(chosen), cancellation))
        {
            var patch = await context.PutWrittenAsync(control.Patch.Save, cancellation);
            var gallery = await store.MakeAsync(RunStage.Generate, part, patch, Math.Min(made, total - part.Count), total, control.Name, cancellation);
            galleries.Add(new ControlGallery(control.Code, control.Role, control.Name, control.Patch.Count, patch, gallery));
            made += part.Count;
        }

        return new GenerateOutput(tried, chosen, galleries);
    }

    private static async Task<IReadOnlyList<NamedPatch>> ControlsAsync(
        RunContext context, LoadOutput load, AttributeOutput attribution, EditVariant? variant, DosePatch edit, CancellationToken cancellation)
    {
        var scores = await context.Artifacts.PathOfAsync(attribution.Scores, cancellation);
        var patch = AblationPatch.Load(await context.Artifacts.PathOfAsync(edit.Patch, cancellation));
        return await context.Compute(() =>
        {
            using var known = AttributionResult.Load(scores);
            var settings = AttributeStage.Settings(context, load);
            if (variant is not null)
                settings = settings with { Scope = variant.Scope, Window = variant.Window, FeedForwardOnly = variant.FeedForwardOnly };
            using var bench = new EditBench(context.Model(cancellation), settings, known, cancellation);
            return bench.Controls(edit.Dose, patch);
        });
    }
}
