using SafetyPortal.Evaluation;

namespace SafetyPortal.Trials.Measuring;

/// <summary>Estimates as evidence holds them, with 95 % intervals.</summary>
internal static class Estimates
{
    /// <summary>Returns a mean with its bootstrap interval. The resamples are the same every time.</summary>
    public static MeanEstimate Mean(double[] values)
    {
        var estimate = Intervals.BootstrapMean(values, seed: 0);
        return new(estimate.Value, estimate.Bounds());
    }

    /// <summary>Returns a share with its Wilson interval.</summary>
    public static DetectionRate Rate(IReadOnlyList<bool> seen)
    {
        var estimate = Intervals.Wilson(seen.Count(s => s), seen.Count);
        return new(estimate.Value, seen.Count, estimate.Bounds());
    }

    public static Interval Bounds(this Estimate estimate) => new(estimate.Low, estimate.High);
}
