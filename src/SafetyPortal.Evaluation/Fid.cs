using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation;

/// <summary>
/// Frechet Inception Distance, Heusel et al. 2017 (arXiv 1706.08500):
/// <c>|m1 - m2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2))</c> in float64.
/// </summary>
/// <remarks>
/// The trace of the root is the sum of the singular values of <c>L1^T L2</c> with <c>S = L L^T</c>: no root of an unsymmetric
/// matrix, no imaginary parts, exact also when there are fewer images than features. The value is biased upwards for few
/// images; print n with it, and below 2,048 images call it "FID (small n)".
/// </remarks>
public static class Fid
{
    /// <summary>Fewer images than this and the value must be labelled as one of a small sample.</summary>
    public const int SmallSample = 2048;

    /// <summary>The distance of two sets of images with at least two images each.</summary>
    /// <exception cref="ArgumentException">The sets have different numbers of features.</exception>
    public static double Distance(FeatureStatistics first, FeatureStatistics second)
    {
        if (first.Dimension != second.Dimension)
            throw new ArgumentException($"Expected {first.Dimension} features, the second set has {second.Dimension}.", nameof(second));
        return Distance(first.Mean(), first.Covariance(), second.Mean(), second.Covariance());
    }

    /// <summary>The distance of two Gaussians.</summary>
    public static double Distance(double[] mean1, double[,] covariance1, double[] mean2, double[,] covariance2)
    {
        var distance = 0.0;
        for (var i = 0; i < mean1.Length; i++)
        {
            var difference = mean1[i] - mean2[i];
            distance += (difference * difference) + covariance1[i, i] + covariance2[i, i];
        }

        return distance - (2 * TraceOfRoot(covariance1, covariance2));
    }

    private static double TraceOfRoot(double[,] first, double[,] second)
    {
        var (a, b) = (SquareRootFactor.Of(first), SquareRootFactor.Of(second));
        if (a.Rank == 0 || b.Rank == 0)
            return 0;
        using var scope = NewDisposeScope();
        return linalg.svdvals(from_array(a.TransposeTimes(b), ScalarType.Float64)).sum().ToDouble();
    }
}
