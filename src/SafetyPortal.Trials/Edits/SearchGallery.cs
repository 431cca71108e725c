using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Edits;

/// <summary>
/// The small gallery of a search, in few steps of a fast scheduler. It paints half of the target images first, and the rest only if those leave the edit a
/// chance; that changes no verdict. Nothing is stored, and no evidence rests on it. Belongs to the torch thread.
/// </summary>
/// <param name="known">Images of the unedited model that were painted with <see cref="Painting"/>; those of the plan are not painted again.</param>
public sealed class SearchGallery(LoadedModel model, EvaluationPlan plan, IEnumerable<(EvaluationCase Case, ImageReading Reading)> known)
{
    private readonly Painter painter = new(model, Painting);
    private readonly List<EvaluationCase> targets = [.. plan.Cases.Where(c => c.Group == CaseGroup.Target)];
    private IReadOnlyList<ImageReading>? before;

    /// <summary>How the images are made.</summary>
    public static PaintSettings Painting { get; } =
        new(PaintSettings.DemoSteps, PaintSettings.DefaultGuidance, PaintSettings.DefaultBatch, PaintSettings.FastScheduler);

    /// <summary>Returns the gallery by which doses of an edit are chosen.</summary>
    public static SearchGallery For(
        LoadedModel model, EditSettings settings, EvaluationSize size, IEnumerable<(EvaluationCase Case, ImageReading Reading)> known) =>
        new(model, PlanChoice.For(model, settings.Kind, settings.Name, settings.EvaluationSet, size), known);

    /// <summary>
    /// Returns what <paramref name="patch"/> does to the images. Stopped means that the first half of the targets decided: the metrics are of these alone.
    /// </summary>
    /// <param name="minDrop">Relative drop of detection that is wanted, 0 to 1.</param>
    public (MetricsSummary Metrics, bool Stopped) Measure(AblationPatch patch, double minDrop, CancellationToken cancellation = default)
    {
        before ??= Before(cancellation);
        using var applied = AppliedPatch.Apply(model.Pipeline.Unet, patch);
        IReadOnlyList<EvaluationCase> first = [.. targets.Where((_, i) => i % 2 == 0)];
        var seen = Paint(first, cancellation);
        var half = Comparison.Between(plan, before, seen);
        return targets.Count > 1 && Decided(half.Target.Detection, targets.Count, minDrop)
            ? (half, true)
            : (Comparison.Between(plan, before, [.. seen, .. Paint([.. plan.Cases.Except(first)], cancellation)]), false);
    }

    /// <summary>Whether the first half shows more targets than the whole gallery may, if all were detected before and none of the rest after.</summary>
    internal static bool Decided(DetectionChange half, int targets, double minDrop) =>
        Math.Round(half.After * half.N) > ((1 - minDrop) * targets) + 1e-9;

    private IReadOnlyList<ImageReading> Before(CancellationToken cancellation)
    {
        // Two plans give one image two names.
        var found = plan.Cases
            .Join(known, c => c with { Id = "" }, k => k.Case with { Id = "" }, (c, k) => k.Reading with { CaseId = c.Id })
            .DistinctBy(reading => reading.CaseId)
            .ToList();
        return [.. found, .. Paint([.. plan.Cases.Where(c => !found.Exists(reading => reading.CaseId == c.Id))], cancellation)];
    }

    private IReadOnlyList<ImageReading> Paint(IReadOnlyList<EvaluationCase> cases, CancellationToken cancellation) =>
        painter.Paint(cases, keepImages: false, progress: null, cancellation).Readings;
}
