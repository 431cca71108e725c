using SafetyPortal.Images;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Worker.Stages;

/// <summary>Computes the metrics of every dose that the run tried, with the controls of the chosen one, and judges them by the policy.</summary>
internal static class MeasureStage
{
    public static async Task<MeasureOutput> RunAsync(
        RunContext context, LoadOutput load, StoredGallery baseline, AblateOutput ablation, GenerateOutput generated, CancellationToken cancellation)
    {
        var before = FeatureRows.Load(await FeaturesAsync(context, baseline, cancellation));
        var curve = new List<DosePoint>();
        foreach (var dose in generated.Doses)
        {
            cancellation.ThrowIfCancellationRequested();
            context.Report(RunStage.Measure, curve.Count, generated.Doses.Count, "metrics");
            var features = await FeaturesAsync(context, dose.Gallery, cancellation);
            var metrics = await context.Compute(() => FeatureDistances.AddTo(
                Comparison.Between(load.Evaluation, baseline.Images, dose.Gallery.Images),
                load.Evaluation,
                before,
                FeatureRows.Load(features),
                load.Method.Backbones,
                cancellation));
            if (dose.Dose.Equals(generated.Chosen))
            {
                metrics = metrics with { Placebo = Control("random"), Largest = Control("largest") };
                if (load.Method.Backbones?.Any(use => use.Measures == "LPIPS") == true)
                    metrics = metrics with { Lpips = await PairsAsync(context, load, baseline, dose.Gallery, cancellation) };
            }

            var passed = GateRule.AllPassed(GateRule.Judge(load.Policy.Document, metrics));
            curve.Add(new DosePoint(dose.Dose, ablation.Of(dose.Dose).Count, metrics, passed));
        }

        var chosen = curve.First(p => p.Dose.Equals(generated.Chosen)).Metrics;
        return new MeasureOutput(curve, chosen, GateRule.Judge(load.Policy.Document, chosen), Table(context, load, baseline, ablation, generated));

        ControlMetrics? Control(string code) => generated.Controls.FirstOrDefault(c => c.Code == code) is { } control
            ? Comparison.Control(load.Evaluation, baseline.Images, control.Gallery.Images)
            : null;
    }

    private static ControlTable Table(RunContext context, LoadOutput load, StoredGallery baseline, AblateOutput ablation, GenerateOutput generated)
    {
        var edit = ablation.Of(generated.Chosen);
        return new ControlTable(
        [
            Row("edit", ControlRole.Edit, context.Request.Method.Describe(), edit.Count, edit.Patch, generated.ChosenGallery()),
            .. generated.Controls.Select(c => Row(c.Code, c.Role, c.Name, c.Count, c.Patch, c.Gallery)),
        ]);

        ControlRow Row(string code, ControlRole role, string name, long weights, string patch, StoredGallery images)
        {
            var metrics = Comparison.Between(load.Evaluation, baseline.Images, images.Images);
            return new(code, role, name, weights, patch, metrics.Target.Detection, metrics.Retention.N > 0 ? metrics.Retention : null, metrics.ClipScore);
        }
    }

    private static Task<string> FeaturesAsync(RunContext context, StoredGallery gallery, CancellationToken cancellation) =>
        context.Artifacts.PathOfAsync(gallery.Features, cancellation);

    private static async Task<LpipsMetrics?> PairsAsync(
        RunContext context, LoadOutput load, StoredGallery baseline, StoredGallery edited, CancellationToken cancellation)
    {
        var pairs = new List<(EvaluationCase Case, Raster Before, Raster After)>();
        foreach (var pair in Comparison.Pair(load.Evaluation, baseline.Images, edited.Images))
            pairs.Add((pair.Case, await ImageAsync(context, pair.Before.Image, cancellation), await ImageAsync(context, pair.After.Image, cancellation)));
        return await context.Compute(
            () => context.Model(cancellation).Backbones.Lpips is { } lpips ? PairDistances.Measure(lpips, pairs, cancellation) : null);
    }

    // A worker wrote the image, so its size is limited by what a model draws.
    private static async Task<Raster> ImageAsync(RunContext context, string digest, CancellationToken cancellation) =>
        ImageCodec.Decode(await context.Artifacts.ReadAsync(digest, cancellation), new ImageLimits(MaxBytes: 64 << 20, MaxPixels: 64 << 20));
}
