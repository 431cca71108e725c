using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation;

/// <summary>
/// Kernel Inception Distance, Binkowski et al. 2018 (arXiv 1801.01401): the squared maximum mean discrepancy with the polynomial
/// kernel <c>(x.y / d + 1)^3</c>, unbiased, so that small samples do not raise it. It can be slightly negative.
/// </summary>
public static class Kid
{
    /// <summary>Mean and (population) standard deviation over subsets.</summary>
    public sealed record Result(double Mean, double StandardDeviation, int Subsets, int SubsetSize);

    /// <summary>The estimate from all images of both sets.</summary>
    /// <param name="unbiased">False keeps the diagonal of the kernel matrices (the biased estimate).</param>
    /// <exception cref="ArgumentException">The sets have different numbers of features, or fewer than two images.</exception>
    public static double SquaredMmd(Features first, Features second, bool unbiased = true)
    {
        using var scope = NewDisposeScope();
        var (x, y) = Features.Comparable(first, second); // [n, D]
        return Within(x) + Within(y) - (2 * Kernel(x, y).mean().ToDouble());

        double Within(Tensor rows)
        {
            var kernel = Kernel(rows, rows);
            var n = (double)rows.size(0);
            return unbiased ? (kernel.sum() - kernel.trace()).ToDouble() / (n * (n - 1)) : kernel.mean().ToDouble();
        }
    }

    /// <summary>The mean estimate of given subsets of images.</summary>
    /// <param name="firstSubsets">Image indices, one list a subset; as many lists as in <paramref name="secondSubsets"/>.</param>
    public static Result OverSubsets(Features first, Features second, IReadOnlyList<int[]> firstSubsets, IReadOnlyList<int[]> secondSubsets)
    {
        if (firstSubsets.Count == 0 || firstSubsets.Count != secondSubsets.Count)
            throw new ArgumentException($"Expected as many subsets of both sets, got {firstSubsets.Count} and {secondSubsets.Count}.", nameof(secondSubsets));
        var values = firstSubsets.Zip(secondSubsets, (x, y) => SquaredMmd(first.Select(x), second.Select(y))).ToArray();
        var mean = values.Average();
        return new(mean, Math.Sqrt(values.Average(v => (v - mean) * (v - mean))), values.Length, firstSubsets[0].Length);
    }

    /// <summary>The kernel of each row of <paramref name="x"/> with each of <paramref name="y"/>, [n, m].</summary>
    internal static Tensor Kernel(Tensor x, Tensor y) => ((x.mm(y.t()) / x.size(1)) + 1).pow(3);
}
