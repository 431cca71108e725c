using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation;

/// <summary>
/// Frechet Inception Distance, Heusel et al. 2017 (arXiv 1706.08500):
/// <c>|m1 - m2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2))</c> in float64.
/// </summary>
/// <remarks>
/// With <c>S1 = A^T A</c> and <c>S2 = B^T B</c> the trace of the root is the sum of the singular values of <c>A B^T</c>: no covariance, no root of an
/// unsymmetric matrix, and exact also when there are fewer images than features. The value is biased upwards for few images; print n with it, and
/// below 2,048 images call it "FID (small n)".
/// </remarks>
public static class Fid
{
    /// <summary>Fewer images than this and the value must be labelled as one of a small sample.</summary>
    public const int SmallSample = 2048;

    /// <summary>The distance of two sets of images.</summary>
    /// <exception cref="ArgumentException">The sets have different numbers of features, or fewer than two images.</exception>
    public static double Distance(Features first, Features second)
    {
        using var scope = NewDisposeScope();
        var (x, y) = Features.Comparable(first, second); // [n, D]
        return Distance(x, ones_like(x.narrow(1, 0, 1)), y, ones_like(y.narrow(1, 0, 1)));
    }

    /// <summary>The distance of two sets of rows that count several times.</summary>
    /// <param name="x">[n, D], float64.</param>
    /// <param name="xCounts">How often each row counts, [n, 1], float64.</param>
    /// <param name="y">[m, D], float64.</param>
    /// <param name="yCounts">[m, 1], float64.</param>
    internal static double Distance(Tensor x, Tensor xCounts, Tensor y, Tensor yCounts)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var (mean1, trace1, a) = Gaussian(x, xCounts);
        var (mean2, trace2, b) = Gaussian(y, yCounts);
        return ((mean1 - mean2).square().sum() + trace1 + trace2 - (linalg.svdvals(a.mm(b.t())).sum() * 2)).ToDouble();
    }

    // The mean [1, D], and the trace of the unbiased covariance A^T A with A [n, D]. With A = Q R, R [D, D] serves in place of a longer A.
    private static (Tensor Mean, Tensor Trace, Tensor Root) Gaussian(Tensor rows, Tensor counts)
    {
        using var scope = NewDisposeScope();
        var mean = rows.t().mm(counts).t() / counts.sum();
        var root = (rows - mean).mul_((counts / (counts.sum() - 1)).sqrt());
        var narrow = root.size(0) > root.size(1) ? linalg.qr(root).R : root;
        return (mean.MoveToOuterDisposeScope(), root.square().sum().MoveToOuterDisposeScope(), narrow.MoveToOuterDisposeScope());
    }
}
