using SafetyPortal.Evaluation;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Measuring;

/// <summary>
/// Distances between the images that do not ask for the concept, before and after an edit. Their names say the features and small samples: values of
/// different networks cannot be compared, nor Frechet distances of different n.
/// </summary>
public static class FeatureDistances
{
    /// <summary>What a <see cref="BackboneUse"/> of the second network measures.</summary>
    public const string SecondUse = "second FID";

    // The model folder's own image encoder.
    private const string Own = "demo encoder";
    private const string SecondFeatures = "ResNet-18 features";
    private const int Seed = 0;

    /// <summary>Returns the metrics with those distances that have features of at least two such images.</summary>
    /// <param name="before">Features of the unedited model's images, a row per case of the plan.</param>
    /// <param name="after">Features of the edited model's images, a row per case of the plan.</param>
    /// <param name="uses">Supplied networks; null or empty if the model folder's encoder gave the features.</param>
    public static MetricsSummary AddTo(
        MetricsSummary metrics,
        EvaluationPlan plan,
        FeatureRows before,
        FeatureRows after,
        IReadOnlyList<BackboneUse>? uses,
        CancellationToken cancellation = default)
    {
        var (fid, kid) = Measure(plan, before.ToFeatures(), after.ToFeatures(), Network(uses), cancellation);
        var (secondFid, secondKid) = Measure(plan, before.ToSecond(), after.ToSecond(), SecondFeatures, cancellation);
        return metrics with { Fid = fid, Kid = kid, SecondFid = secondFid, SecondKid = secondKid };
    }

    private static (FidMetrics? Fid, KidMetrics? Kid) Measure(
        EvaluationPlan plan, Features before, Features after, string network, CancellationToken cancellation)
    {
        var others = Enumerable.Range(0, plan.Cases.Count).Where(i => plan.Cases[i].Group != CaseGroup.Target).ToList();
        if (others.Count < 2 || before.Count != plan.Cases.Count || after.Count != plan.Cases.Count)
            return (null, null);
        var pairs = new PairedFeatures(before.Select(others), after.Select(others));
        var (frechet, kernel) = (pairs.FrechetDistance(Seed, cancellation), pairs.KernelDistance(Seed, cancellation));
        return (
            new FidMetrics(frechet.Value, others.Count, FidName(network, others.Count), Bounds(frechet), frechet.Resamples > 0 ? frechet.Resamples : null),
            new KidMetrics(kernel.Value, others.Count, KidName(network), Bounds(kernel)));
    }

    /// <summary>Returns the name of a Frechet distance of <paramref name="n"/> images on each side.</summary>
    internal static string FidName(string network, int n) => $"FID ({(n < Fid.SmallSample ? "small n, " : "")}{network})";

    internal static string KidName(string network) => $"KID ({network})";

    /// <summary>Returns the network of the first distance's features.</summary>
    internal static string Network(IReadOnlyList<BackboneUse>? uses) =>
        uses?.FirstOrDefault(u => string.Equals(u.Measures, "FID", StringComparison.Ordinal))?.Network ?? Own;

    private static Interval? Bounds(BootstrapEstimate estimate) => estimate.Interval is { } interval ? new(interval.Low, interval.High) : null;
}
