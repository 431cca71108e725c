using SafetyPortal.Evaluation;

namespace SafetyPortal.Trials.Measuring;

/// <summary>Estimates as evidence holds them.</summary>
internal static class Estimates
{
    /// <summary>A mean with its 95 % bootstrap interval; the resamples are the same every time.</summary>
    public static MeanEstimate Mean(double[] values)
    {
        var estimate = Intervals.BootstrapMean(values, seed: 0);
        return new(estimate.Value, new Interval(estimate.Low, estimate.High));
    }
}
