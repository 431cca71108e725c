using SafetyPortal.Diffusion.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation;

/// <summary>
/// FID of resamples of the same pairs. With fewer images than features no covariance is computed: the trace of the root is the sum of the
/// singular values of <c>A B^T / (n - 1)</c>. A and B are the centred rows, each times the root of its number of draws; all inner products
/// are computed once.
/// </summary>
internal sealed class ResampledFid
{
    private readonly int count;
    private readonly int dimension;
    private readonly double[] first; // [n, D], less the mean of everything
    private readonly double[] second;
    private readonly double[]? cross; // [n, n], x_i . y_j
    private readonly double[] squares1; // [n], x_i . x_i
    private readonly double[] squares2;

    public ResampledFid(Features before, Features after)
    {
        (count, dimension) = (before.Count, before.Dimension);
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var (x, y) = (before.ToTensor(), after.ToTensor()); // [n, D]
        var middle = (x.mean([0], keepdim: true) + y.mean([0], keepdim: true)) / 2; // keeps the products small
        (x, y) = (x - middle, y - middle);
        (first, second) = (x.data<double>().ToArray(), y.data<double>().ToArray());
        (squares1, squares2) = (x.pow(2).sum(1).data<double>().ToArray(), y.pow(2).sum(1).data<double>().ToArray());
        cross = dimension < count ? null : x.mm(y.t()).data<double>().ToArray();
    }

    /// <summary>The distance of the images at <paramref name="indices"/>, which may repeat.</summary>
    public double Distance(IReadOnlyList<int> indices)
    {
        var counts = PairedFeatures.Counts(indices, count);
        int[] drawn = [.. Enumerable.Range(0, count).Where(i => counts[i] > 0)];
        var (mean1, mean2) = (Mean(first, counts), Mean(second, counts));
        double between = 0, norm1 = 0, norm2 = 0;
        for (var k = 0; k < dimension; k++)
        {
            between += (mean1[k] - mean2[k]) * (mean1[k] - mean2[k]);
            norm1 += mean1[k] * mean1[k];
            norm2 += mean2[k] * mean2[k];
        }

        var trace1 = drawn.Sum(i => counts[i] * squares1[i]) - (count * norm1);
        var trace2 = drawn.Sum(i => counts[i] * squares2[i]) - (count * norm2);
        return between + ((trace1 + trace2 - (2 * TraceOfRoot(counts, drawn, mean1, mean2))) / (count - 1));
    }

    // The sum of the singular values of A B^T, before division by n - 1.
    private double TraceOfRoot(int[] counts, int[] drawn, double[] mean1, double[] mean2)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        if (cross is null)
        {
            // A = Q R: the singular values of A B^T are those of R1 R2^T, [D, D] at most.
            var (_, r1) = linalg.qr(Rows(first, counts, drawn, mean1));
            var (_, r2) = linalg.qr(Rows(second, counts, drawn, mean2));
            return linalg.svdvals(r1.mm(r2.t())).sum().ToDouble();
        }

        var rows = drawn.Select(i => Enumerable.Range(0, count).Sum(j => counts[j] * cross[(i * count) + j]) / count).ToArray(); // x_i . mean of y
        var columns = drawn.Select(j => Enumerable.Range(0, count).Sum(i => counts[i] * cross[(i * count) + j]) / count).ToArray(); // mean of x . y_j
        var both = Enumerable.Range(0, dimension).Sum(k => mean1[k] * mean2[k]);
        var centred = new double[drawn.Length * drawn.Length];
        for (var a = 0; a < drawn.Length; a++)
        {
            for (var b = 0; b < drawn.Length; b++)
            {
                var value = cross[(drawn[a] * count) + drawn[b]] - rows[a] - columns[b] + both;
                centred[(a * drawn.Length) + b] = Math.Sqrt((double)counts[drawn[a]] * counts[drawn[b]]) * value;
            }
        }

        return linalg.svdvals(OwnedTensor.Of(centred, drawn.Length, drawn.Length)).sum().ToDouble();
    }

    private Tensor Rows(double[] values, int[] counts, int[] drawn, double[] mean)
    {
        var rows = new double[drawn.Length * dimension];
        for (var a = 0; a < drawn.Length; a++)
        {
            var root = Math.Sqrt(counts[drawn[a]]);
            for (var k = 0; k < dimension; k++) rows[(a * dimension) + k] = root * (values[(drawn[a] * dimension) + k] - mean[k]);
        }

        return OwnedTensor.Of(rows, drawn.Length, dimension);
    }

    private double[] Mean(double[] values, int[] counts)
    {
        var mean = new double[dimension];
        for (var i = 0; i < count; i++)
        {
            if (counts[i] == 0) continue;
            for (var k = 0; k < dimension; k++) mean[k] += counts[i] * values[(i * dimension) + k];
        }

        for (var k = 0; k < dimension; k++) mean[k] /= count;
        return mean;
    }
}
