using System.Numerics;

namespace SafetyPortal.Evaluation;

/// <summary>
/// Mean and covariance of image features, one pass, mergeable: shards collected by many workers give the numbers of a single pass.
/// </summary>
/// <remarks>
/// Sums and sums of products are kept as pairs of doubles (Knuth's two-sum; a product of two float32 is exact in double), about
/// 106 bits, so that neither the order of images nor the subtraction of the mean costs a digit of the float64 result.
/// </remarks>
public sealed class FeatureStatistics
{
    private readonly double[] _sum;
    private readonly double[] _sumLow;
    private readonly double[] _products;
    private readonly double[] _productsLow;

    public FeatureStatistics(int dimension)
    {
        if (dimension is < 1 or > 16384)
            throw new ArgumentOutOfRangeException(nameof(dimension), dimension, "Expected 1 to 16384 features.");
        Dimension = dimension;
        (_sum, _sumLow) = (new double[dimension], new double[dimension]);
        (_products, _productsLow) = (new double[dimension * dimension], new double[dimension * dimension]);
    }

    /// <summary>Features per image.</summary>
    public int Dimension { get; }

    /// <summary>Images seen.</summary>
    public long Count { get; private set; }

    public static FeatureStatistics Of(Features features)
    {
        var statistics = new FeatureStatistics(features.Dimension);
        for (var i = 0; i < features.Count; i++)
            statistics.Add(features[i]);
        return statistics;
    }

    /// <summary>Takes in the features of one image.</summary>
    /// <exception cref="ArgumentException">The number of features differs, or one is not finite.</exception>
    public void Add(ReadOnlySpan<float> features)
    {
        if (features.Length != Dimension)
            throw new ArgumentException($"Expected {Dimension} features, got {features.Length}.", nameof(features));
        var x = new double[Dimension];
        for (var i = 0; i < Dimension; i++)
        {
            if (!float.IsFinite(features[i]))
                throw new ArgumentException($"Feature {i} is {features[i]}; expected a finite number.", nameof(features));
            x[i] = features[i];
        }

        Accumulate(_sum, _sumLow, x, 1);
        for (var i = 0; i < Dimension; i++)
            Accumulate(_products.AsSpan(i * Dimension, Dimension), _productsLow.AsSpan(i * Dimension, Dimension), x, x[i]);
        Count++;
    }

    /// <summary>Takes in what another instance has seen.</summary>
    public void Merge(FeatureStatistics other)
    {
        if (other.Dimension != Dimension)
            throw new ArgumentException($"Expected statistics of {Dimension} features, got {other.Dimension}.", nameof(other));
        Accumulate(_sum, _sumLow, other._sum, 1);
        Accumulate(_sum, _sumLow, other._sumLow, 1);
        Accumulate(_products, _productsLow, other._products, 1);
        Accumulate(_products, _productsLow, other._productsLow, 1);
        Count += other.Count;
    }

    /// <summary>The mean, [Dimension].</summary>
    public double[] Mean()
    {
        RequireImages(1);
        var mean = new double[Dimension];
        for (var i = 0; i < Dimension; i++)
            mean[i] = (_sum[i] + _sumLow[i]) / Count;
        return mean;
    }

    /// <summary>The unbiased covariance (divisor n - 1), [Dimension, Dimension].</summary>
    public double[,] Covariance()
    {
        RequireImages(2);
        var covariance = new double[Dimension, Dimension];
        for (var i = 0; i < Dimension; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                // n sum(xy) - sum(x) sum(y), the leading parts by fused multiply-adds that keep what rounding drops.
                var k = (i * Dimension) + j;
                var xy = _sum[i] * _sum[j];
                var xyLow = Math.FusedMultiplyAdd(_sum[i], _sum[j], -xy) + (_sum[i] * _sumLow[j]) + (_sumLow[i] * _sum[j]);
                var np = _products[k] * Count;
                var npLow = Math.FusedMultiplyAdd(_products[k], Count, -np) + (_productsLow[k] * Count);
                var value = (np - xy + (npLow - xyLow)) / ((double)Count * (Count - 1));
                covariance[i, j] = covariance[j, i] = value;
            }
        }

        return covariance;
    }

    private void RequireImages(int least)
    {
        if (Count < least)
            throw new InvalidOperationException($"At least {least} images are needed, {Count} were seen.");
    }

    // sum += values * factor, the rounding error of each addition going to the low part.
    private static void Accumulate(Span<double> sum, Span<double> low, ReadOnlySpan<double> values, double factor)
    {
        var i = 0;
        var width = Vector<double>.Count;
        for (; i <= sum.Length - width; i += width)
        {
            var a = new Vector<double>(sum[i..]);
            var b = new Vector<double>(values[i..]) * factor;
            var total = a + b;
            var part = total - a;
            var lost = (a - (total - part)) + (b - part);
            total.CopyTo(sum[i..]);
            (new Vector<double>(low[i..]) + lost).CopyTo(low[i..]);
        }

        for (; i < sum.Length; i++)
        {
            var b = values[i] * factor;
            var total = sum[i] + b;
            var part = total - sum[i];
            low[i] += (sum[i] - (total - part)) + (b - part);
            sum[i] = total;
        }
    }
}
