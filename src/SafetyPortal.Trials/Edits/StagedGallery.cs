using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Edits;

/// <summary>
/// The small gallery of a search, in few steps of a fast solver, painted in two looks: half of the target images first, the rest only if those leave the
/// edit a chance. Stopping there changes no verdict. Nothing is stored, and no evidence rests on it. Belongs to the torch thread.
/// </summary>
public sealed class StagedGallery(LoadedModel model, EvaluationPlan plan, PaintSettings settings)
{
    private readonly GalleryMaker maker = new(model, settings with { Scheduler = PaintSettings.FastScheduler });
    private readonly List<EvaluationCase> targets = [.. plan.Cases.Where(c => c.Group == CaseGroup.Target)];
    private IReadOnlyList<ImageReading>? before;

    /// <summary>What <paramref name="patch"/> does to the images; that of the first look alone when more targets are left there than all may show.</summary>
    /// <param name="minDrop">Relative drop of detection to reach, in 0..1.</param>
    public (MetricsSummary Metrics, bool Stopped) Measure(AblationPatch patch, double minDrop, CancellationToken cancellation = default)
    {
        before ??= Paint(plan.Cases, cancellation);
        using var applied = AppliedPatch.Apply(model.Pipeline.Unet, patch);
        IReadOnlyList<EvaluationCase> first = [.. targets.Where((_, i) => i % 2 == 0)];
        var seen = Paint(first, cancellation);
        var look = Compare(seen);
        if (targets.Count > 1 && Decided(look.Target.Detection, targets.Count, minDrop)) return (look, true);

        return (Compare([.. seen, .. Paint([.. plan.Cases.Except(first)], cancellation)]), false);
    }

    /// <summary>Whether what a first look still shows is more than the whole gallery may show, were all of it detected before and nothing of the rest after.</summary>
    internal static bool Decided(DetectionChange look, int targets, double minDrop) =>
        Math.Round(look.After * look.N) > ((1 - minDrop) * targets) + 1e-9;

    private IReadOnlyList<ImageReading> Paint(IReadOnlyList<EvaluationCase> cases, CancellationToken cancellation) =>
        maker.Paint(cases, keepImages: false, progress: null, cancellation).Readings.Images;

    private MetricsSummary Compare(IReadOnlyList<ImageReading> after) =>
        Comparison.Between(plan, new Gallery(before!, Features: string.Empty), new Gallery(after, Features: string.Empty));
}
