using SafetyPortal.Evaluation;
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
                metrics = metrics with
                {
                    Placebo = Comparison.Control(load.Evaluation, baseline, generated.Placebo),
                    Largest = Comparison.Control(load.Evaluation, baseline, generated.Largest),
                };
            }

            var count = ablation.Doses.First(d => d.Dose.Equals(dose.Dose)).Count;
            curve.Add(new DosePoint(dose.Dose, count, metrics, GateRule.AllPassed(GateRule.Judge(load.Policy.Document, metrics))));
        }

        var chosen = curve.First(p => p.Dose.Equals(generated.Chosen)).Metrics;
        return new MeasureOutput(curve, chosen, GateRule.Judge(load.Policy.Document, chosen));
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
