namespace SafetyPortal.Evaluation;

/// <summary>
/// Mean and covariance of image features in one pass. Shards can be merged: in any division and order they give the numbers of a
/// single pass, bit for bit.
/// </summary>
/// <remarks>
/// Sums of floating-point numbers depend on their order, so each feature is rounded once to a multiple of 2^-28 (features from 2^-5 on hold no
/// finer digits in float32; smaller ones move by 2e-9 at most). Sums and sums of products are 128-bit integers, exact for up to 2^24 images.
/// </remarks>
public sealed class FeatureStatistics
{
    /// <summary>The absolute value of a feature must be below this.</summary>
    public const float Largest = 1 << 23;

    /// <summary>The most images one set of statistics takes.</summary>
    public const long MostImages = 1L << 24;

    private const double Scale = 1 << 28;

    private readonly Int128[] _sums;
    private readonly Int128[] _products; // rows of the lower triangle, one after the other

    public FeatureStatistics(int dimension)
    {
        if (dimension is < 1 or > 16384)
            throw new ArgumentOutOfRangeException(nameof(dimension), dimension, "Expected 1 to 16384 features.");
        Dimension = dimension;
        _sums = new Int128[dimension];
        _products = new Int128[dimension * (dimension + 1) / 2];
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

    /// <summary>Adds the features of one image.</summary>
    /// <exception cref="ArgumentException">The number of features differs, or one is not finite or too large.</exception>
    public void Add(ReadOnlySpan<float> features)
    {
        if (features.Length != Dimension)
            throw new ArgumentException($"Expected {Dimension} features, got {features.Length}.", nameof(features));
        RequireRoom(1);
        var x = new long[Dimension];
        for (var i = 0; i < Dimension; i++)
        {
            if (!(Math.Abs(features[i]) < Largest))
                throw new ArgumentException($"Feature {i} is {features[i]}; expected a finite number below {Largest} in size.", nameof(features));
            x[i] = (long)Math.Round(features[i] * Scale);
        }

        for (var i = 0; i < Dimension; i++)
        {
            _sums[i] += x[i];
            AddProducts(_products.AsSpan(i * (i + 1) / 2, i + 1), x, x[i]);
        }

        Count++;
    }

    /// <summary>Adds the images of another instance.</summary>
    public void Merge(FeatureStatistics other)
    {
        if (other.Dimension != Dimension)
            throw new ArgumentException($"Expected statistics of {Dimension} features, got {other.Dimension}.", nameof(other));
        RequireRoom(other.Count);
        for (var i = 0; i < _sums.Length; i++)
            _sums[i] += other._sums[i];
        for (var i = 0; i < _products.Length; i++)
            _products[i] += other._products[i];
        Count += other.Count;
    }

    /// <summary>The mean, [Dimension].</summary>
    public double[] Mean()
    {
        RequireImages(1);
        return Array.ConvertAll(_sums, sum => (double)sum / (Scale * Count));
    }

    /// <summary>The unbiased covariance (divisor n - 1), [Dimension, Dimension].</summary>
    public double[,] Covariance()
    {
        RequireImages(2);
        var covariance = new double[Dimension, Dimension];
        var sums = Array.ConvertAll(_sums, Split);
        var divisor = Scale * Scale * Count * (Count - 1);
        for (var i = 0; i < Dimension; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                // n sum(xy) - sum(x) sum(y), the leading parts by fused multiply-adds that keep what rounding drops.
                var ((x, xLow), (y, yLow)) = (sums[i], sums[j]);
                var (p, pLow) = Split(_products[(i * (i + 1) / 2) + j]);
                var xy = x * y;
                var xyLow = Math.FusedMultiplyAdd(x, y, -xy) + (x * yLow) + (xLow * y);
                var np = p * Count;
                var npLow = Math.FusedMultiplyAdd(p, Count, -np) + (pLow * Count);
                covariance[i, j] = covariance[j, i] = (np - xy + (npLow - xyLow)) / divisor;
            }
        }

        return covariance;
    }

    private static void AddProducts(Span<Int128> row, ReadOnlySpan<long> x, long factor)
    {
        for (var j = 0; j < row.Length; j++)
        {
            var high = Math.BigMul(x[j], factor, out var low);
            row[j] += new Int128((ulong)high, (ulong)low);
        }
    }

    // A 128-bit number as the nearest double and what is left of it.
    private static (double High, double Low) Split(Int128 value)
    {
        var high = (double)value;
        return (high, (double)(value - (Int128)high));
    }

    private void RequireRoom(long more)
    {
        if (Count + more > MostImages)
            throw new InvalidOperationException($"At most {MostImages} images fit into one set of statistics.");
    }

    private void RequireImages(int least)
    {
        if (Count < least)
            throw new InvalidOperationException($"At least {least} images are needed, {Count} were seen.");
    }
}
