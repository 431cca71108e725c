using System.Globalization;
using SafetyPortal.Requests.Policies;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Worker.Measuring;
using SafetyPortal.Worker.Plans;

namespace SafetyPortal.Worker.Stages;

/// <summary>
/// Images of the edited models, doses ascending, with the seeds of the baseline. The sweep ends at the smallest dose that passes the policy
/// (unless it is told to try them all); the controls are made at the chosen dose.
/// </summary>
internal static class GenerateStage
{
    public static async Task<GenerateOutput> RunAsync(
        RunContext context, LoadOutput load, Gallery baseline, AblateOutput ablation, CancellationToken cancellation)
    {
        var painter = new GalleryPainter(context, load);
        var cases = load.Evaluation.Cases;
        var targets = cases.Where(c => c.Group == CaseGroup.Target).ToList();
        var controls = cases.Count + targets.Count;
        var total = (cases.Count * ablation.Doses.Count) + controls;
        var made = 0;
        var tried = new List<DoseGallery>();
        var verdicts = new List<(double Dose, bool Passed, double Merit)>();

        // The placebo is not made yet and the FID not computed; both are judged with the rest of the evidence.
        var policy = load.Policy.Document with { PlaceboMustNotPass = false, MaxFid = null };
        foreach (var patches in ablation.Doses)
        {
            var message = string.Create(CultureInfo.InvariantCulture, $"dose {patches.Dose}");
            var gallery = await painter.PaintAsync(RunStage.Generate, cases, patches.Patch, made, total, message, cancellation);
            made += cases.Count;
            tried.Add(new DoseGallery(patches.Dose, gallery));

            var metrics = await context.Compute(() => Comparison.Between(load.Evaluation, baseline, gallery));
            var passed = GateRule.AllPassed(GateRule.Judge(policy, metrics));
            verdicts.Add((patches.Dose, passed, Comparison.Merit(policy, metrics)));
            if (passed && context.Options.StopAtFirstPass) break;
        }

        var chosen = verdicts.Exists(v => v.Passed)
            ? verdicts.First(v => v.Passed).Dose
            : verdicts.OrderByDescending(v => v.Merit).ThenBy(v => v.Dose).First().Dose;
        var edit = ablation.Doses.First(d => d.Dose.Equals(chosen));
        made = total - controls;
        var placebo = await painter.PaintAsync(RunStage.Generate, cases, edit.Placebo, made, total, "random control", cancellation);
        var largest = await painter.PaintAsync(
            RunStage.Generate, targets, edit.Largest, made + cases.Count, total, "largest-weights control", cancellation);
        return new GenerateOutput(tried, chosen, placebo, largest);
    }
}
