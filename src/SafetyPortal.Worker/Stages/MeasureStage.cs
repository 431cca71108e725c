using SafetyPortal.Evaluation;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Policies;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Worker.Measuring;
using SafetyPortal.Worker.Plans;

namespace SafetyPortal.Worker.Stages;

/// <summary>The metrics of every dose that was tried, those of the chosen one with its controls, and the policy's verdicts.</summary>
internal static class MeasureStage
{
    /// <summary>Named after its features: values of different encoders cannot be compared.</summary>
    private const string FidBackbone = "FID (demo encoder)";

    public static async Task<MeasureOutput> RunAsync(
        RunContext context, LoadOutput load, Gallery baseline, AblateOutput ablation, GenerateOutput generated, CancellationToken cancellation)
    {
        var before = await FeaturesAsync(context, baseline, cancellation);
        var curve = new List<DosePoint>();
        foreach (var dose in generated.Doses)
        {
            cancellation.ThrowIfCancellationRequested();
            context.Report(RunStage.Measure, curve.Count, generated.Doses.Count, "metrics");
            var features = await FeaturesAsync(context, dose.Gallery, cancellation);
            var metrics = await context.Compute(() => Comparison.Between(load.Evaluation, baseline, dose.Gallery) with { Fid = Distance(load.Evaluation, before, features) });
            if (dose.Dose.Equals(generated.Chosen))
            {
                metrics = metrics with { Placebo = Control("random"), Largest = Control("largest") };
            }

            var count = ablation.Doses.First(d => d.Dose.Equals(dose.Dose)).Count;
            curve.Add(new DosePoint(dose.Dose, count, metrics, GateRule.AllPassed(GateRule.Judge(load.Policy.Document, metrics))));
        }

        var chosen = curve.First(p => p.Dose.Equals(generated.Chosen)).Metrics;
        return new MeasureOutput(curve, chosen, GateRule.Judge(load.Policy.Document, chosen), Table(context, load, baseline, ablation, generated));

        ControlMetrics? Control(string code) => generated.Controls.FirstOrDefault(c => string.Equals(c.Code, code, StringComparison.Ordinal)) is { } control
            ? Comparison.Control(load.Evaluation, baseline, control.Gallery)
            : null;
    }

    private static ControlTable Table(RunContext context, LoadOutput load, Gallery baseline, AblateOutput ablation, GenerateOutput generated)
    {
        var edit = ablation.Doses.First(d => d.Dose.Equals(generated.Chosen));
        var gallery = generated.Doses.First(d => d.Dose.Equals(generated.Chosen)).Gallery;
        return new ControlTable(
        [
            Row("edit", ControlRole.Edit, context.Request.Method.Describe(), edit.Count, edit.Patch, gallery),
            .. generated.Controls.Select(c => Row(c.Code, c.Role, c.Name, c.Count, c.Patch, c.Gallery)),
        ]);

        ControlRow Row(string code, ControlRole role, string name, long weights, string patch, Gallery images)
        {
            var metrics = Comparison.Between(load.Evaluation, baseline, images);
            return new(code, role, name, weights, patch, metrics.Target.Detection, metrics.Retention.N > 0 ? metrics.Retention : null, metrics.ClipScore);
        }
    }

    private static Task<string> FeaturesAsync(RunContext context, Gallery gallery, CancellationToken cancellation) =>
        context.Artifacts.PathOfAsync(gallery.Features, cancellation);

    private static FidMetrics? Distance(EvaluationPlan plan, string before, string after)
    {
        var others = Enumerable.Range(0, plan.Cases.Count).Where(i => plan.Cases[i].Group != CaseGroup.Target).ToList();
        if (others.Count < 2) return null;
        var value = Fid.Distance(
            FeatureStatistics.Of(FeatureRows.Load(before).Select(others)), FeatureStatistics.Of(FeatureRows.Load(after).Select(others)));
        return new FidMetrics(value, others.Count, FidBackbone);
    }
}
