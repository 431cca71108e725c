using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Worker.Models;
using SafetyPortal.Worker.Plans;

namespace SafetyPortal.Worker.Measuring;

/// <summary>
/// Small galleries in few steps of a fast solver, to choose between edits; nothing is stored, and no evidence rests on them. Belongs to the
/// torch thread.
/// </summary>
public sealed class QuickGallery(LoadedModel model, EvaluationPlan plan, PaintSettings settings)
{
    /// <summary>Steps of DPM-Solver++, which draws with these what DDIM does with more than twice as many.</summary>
    public const int DefaultSteps = 10;

    private readonly GalleryMaker maker = new(model, settings with { Scheduler = "DPMSolverMultistepScheduler" });
    private Gallery? before;

    /// <summary>What <paramref name="patch"/> does to the images.</summary>
    public MetricsSummary Measure(AblationPatch patch, CancellationToken cancellation = default)
    {
        before ??= Paint(cancellation);
        using var applied = AppliedPatch.Apply(model.Pipeline.Unet, patch);
        return Comparison.Between(plan, before, Paint(cancellation));
    }

    private Gallery Paint(CancellationToken cancellation) => maker.Paint(plan.Cases, keepImages: false, progress: null, cancellation).Readings;
}
