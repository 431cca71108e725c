using SafetyPortal.Evaluation;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Measuring;

/// <summary>
/// Distances between the images that do not ask for the concept, before and after an edit. They are called after their features, since values of
/// different encoders cannot be compared, nor Frechet distances of different n.
/// </summary>
public static class FeatureDistances
{
    /// <summary>What a <see cref="BackboneUse"/> of the second network measures.</summary>
    public const string SecondUse = "second FID";

    // "Demo encoder" is the model folder's own image encoder.
    private const string Own = "demo encoder";
    private const string SecondFeatures = "ResNet-18 features";
    private const int Seed = 0;

    /// <param name="metrics">Everything else that was measured.</param>
    /// <param name="plan">The images.</param>
    /// <param name="before">Features of the unedited model's images, a row per case of the plan.</param>
    /// <param name="after">The same of the edited model's.</param>
    /// <param name="uses">Networks that were supplied; null or empty when the model folder's encoder was used.</param>
    /// <returns>The metrics with those distances that have features of at least two such images.</returns>
    public static MetricsSummary AddTo(
        MetricsSummary metrics, EvaluationPlan plan, FeatureRows before, FeatureRows after, IReadOnlyList<BackboneUse>? uses, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var (fid, kid) = Measure(plan, before.ToFeatures(), after.ToFeatures(), Network(uses), cancellation);
        var (secondFid, secondKid) = Measure(plan, before.ToSecond(), after.ToSecond(), SecondFeatures, cancellation);
        return metrics with { Fid = fid, Kid = kid, SecondFid = secondFid, SecondKid = secondKid };
    }

    private static (FidMetrics? Fid, KidMetrics? Kid) Measure(EvaluationPlan plan, Features before, Features after, string network, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var others = Enumerable.Range(0, plan.Cases.Count).Where(i => plan.Cases[i].Group != CaseGroup.Target).ToList();
        if (others.Count < 2 || before.Count != plan.Cases.Count || after.Count != plan.Cases.Count) return (null, null);
        var pairs = new PairedFeatures(before.Select(others), after.Select(others));
        var (frechet, kernel) = (pairs.FrechetDistance(Seed, cancellation), pairs.KernelDistance(Seed, cancellation));
        return (
            new FidMetrics(frechet.Value, others.Count, FidName(network, others.Count), Bounds(frechet), frechet.Resamples > 0 ? frechet.Resamples : null),
            new KidMetrics(kernel.Value, others.Count, KidName(network), Bounds(kernel)));
    }

    /// <summary>What to call a Frechet distance of <paramref name="n"/> images on each side.</summary>
    internal static string FidName(string network, int n) => $"FID ({(n < Fid.SmallSample ? "small n, " : "")}{network})";

    /// <summary>What to call a kernel distance.</summary>
    internal static string KidName(string network) => $"KID ({network})";

    /// <summary>The features of the first distance, as its name calls them.</summary>
    internal static string Network(IReadOnlyList<BackboneUse>? uses) =>
        uses?.FirstOrDefault(u => string.Equals(u.Measures, "FID", StringComparison.Ordinal))?.Network ?? Own;

    private static Interval? Bounds(BootstrapEstimate estimate) => estimate.Interval is { } interval ? new(interval.Low, interval.High) : null;
}
