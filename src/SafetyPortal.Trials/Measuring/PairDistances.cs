using SafetyPortal.Evaluation.Backbones;
using SafetyPortal.Images;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Measuring;

/// <summary>LPIPS over the pairs of a plan.</summary>
public static class PairDistances
{
    /// <param name="pairs">Every case with its image before and after.</param>
    public static LpipsMetrics Measure(
        Lpips lpips, IReadOnlyList<(EvaluationCase Case, Raster Before, Raster After)> pairs, CancellationToken cancellation = default)
    {
        var distances = pairs.Select(p =>
        {
            cancellation.ThrowIfCancellationRequested();
            return (p.Case.Group, Value: lpips.Compare(p.Before, p.After));
        }).ToList();
        double[] target = [.. distances.Where(d => d.Group == CaseGroup.Target).Select(d => d.Value)];
        double[] others = [.. distances.Where(d => d.Group != CaseGroup.Target).Select(d => d.Value)];
        return new(lpips.Backbone, Estimates.Mean(target), target.Length, others.Length > 0 ? Estimates.Mean(others) : null, others.Length);
    }
}
