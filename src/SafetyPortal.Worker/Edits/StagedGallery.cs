using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Worker.Measuring;
using SafetyPortal.Worker.Models;
using SafetyPortal.Worker.Plans;

namespace SafetyPortal.Worker.Edits;

/// <summary>
/// The small gallery of a search, painted in two looks: half of the target images first, all images only if those leave the edit a chance.
/// Stopping there changes no verdict. Belongs to the torch thread.
/// </summary>
public sealed class StagedGallery(LoadedModel model, EvaluationPlan plan, PaintSettings settings)
{
    private readonly int targets = plan.Cases.Count(c => c.Group == CaseGroup.Target);
    private readonly QuickGallery first = new(model, new EvaluationPlan(FirstLook(plan)), settings);
    private readonly QuickGallery whole = new(model, plan, settings);

    /// <summary>What <paramref name="patch"/> does to the images; that of the first look alone when more targets are left there than all may show.</summary>
    /// <param name="minDrop">Relative drop of detection that is asked, in 0..1.</param>
    public (MetricsSummary Metrics, bool Stopped) Measure(AblationPatch patch, double minDrop, CancellationToken cancellation = default)
    {
        if (targets > 1)
        {
            var look = first.Measure(patch, cancellation);
            if (Decided(look.Target.Detection, targets, minDrop)) return (look, true);
        }

        return (whole.Measure(patch, cancellation), false);
    }

    /// <summary>Whether what a first look still shows is more than the whole gallery may show, were all of it detected before and nothing of the rest after.</summary>
    internal static bool Decided(DetectionChange look, int targets, double minDrop) =>
        Math.Round(look.After * look.N) > ((1 - minDrop) * targets) + 1e-9;

    private static IReadOnlyList<EvaluationCase> FirstLook(EvaluationPlan plan)
    {
        var all = plan.Cases.Where(c => c.Group == CaseGroup.Target).ToList();
        return [.. all.Where((_, i) => i % 2 == 0)];
    }
}
