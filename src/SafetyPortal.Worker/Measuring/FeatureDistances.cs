using SafetyPortal.Evaluation;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Worker.Plans;

namespace SafetyPortal.Worker.Measuring;

/// <summary>
/// Distances between the images that do not ask for the concept, before and after an edit. They are called after their features, since values of
/// different encoders cannot be compared, nor Frechet distances of different n.
/// </summary>
public static class FeatureDistances
{
    // "Demo encoder" is the model folder's own image encoder.
    private const string Own = "demo encoder";
    private const int Seed = 0;

    /// <param name="before">Features of the unedited model's images, a row per case of the plan.</param>
    /// <param name="after">The same of the edited model's.</param>
    /// <param name="uses">Networks that were supplied; null or empty when the model folder's encoder was used.</param>
    /// <returns>Nulls with fewer than two such images, or without features.</returns>
    public static (FidMetrics? Fid, KidMetrics? Kid) Measure(EvaluationPlan plan, Features before, Features after, IReadOnlyList<BackboneUse>? uses, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var others = Enumerable.Range(0, plan.Cases.Count).Where(i => plan.Cases[i].Group != CaseGroup.Target).ToList();
        if (others.Count < 2 || before.Count != plan.Cases.Count || after.Count != plan.Cases.Count) return (null, null);
        var pairs = new PairedFeatures(before.Select(others), after.Select(others));
        var (frechet, kernel) = (pairs.FrechetDistance(Seed, cancellation), pairs.KernelDistance(Seed, cancellation));
        return (
            new FidMetrics(frechet.Value, others.Count, FidName(uses, others.Count), Bounds(frechet), frechet.Resamples > 0 ? frechet.Resamples : null),
            new KidMetrics(kernel.Value, others.Count, KidName(uses), Bounds(kernel)));
    }

    /// <summary>What to call a Frechet distance of <paramref name="n"/> images on each side.</summary>
    public static string FidName(IReadOnlyList<BackboneUse>? uses, int n) => $"FID ({(n < Fid.SmallSample ? "small n, " : "")}{Network(uses)})";

    /// <summary>What to call a kernel distance.</summary>
    public static string KidName(IReadOnlyList<BackboneUse>? uses) => $"KID ({Network(uses)})";

    private static string Network(IReadOnlyList<BackboneUse>? uses) =>
        uses?.FirstOrDefault(u => string.Equals(u.Measures, "FID", StringComparison.Ordinal))?.Network ?? Own;

    private static Interval? Bounds(BootstrapEstimate estimate) => estimate.Interval is { } interval ? new(interval.Low, interval.High) : null;
}
