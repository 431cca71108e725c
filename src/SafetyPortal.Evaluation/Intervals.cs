namespace SafetyPortal.Evaluation;

/// <summary>A value with its confidence interval and the number of observations behind it.</summary>
/// <param name="Value">The estimate.</param>
/// <param name="Low">Lower bound.</param>
/// <param name="High">Upper bound.</param>
/// <param name="N">Observations.</param>
public sealed record Estimate(double Value, double Low, double High, int N);

/// <summary>Confidence intervals at 95 %: Wilson's for rates, the bootstrap for everything else.</summary>
public static class Intervals
{
    /// <summary>Resamples of a bootstrap.</summary>
    public const int Resamples = 1000;

    private const double Z = 1.959963984540054;

    /// <summary>
    /// The share <paramref name="hits"/> / <paramref name="n"/> with Wilson's score interval (JASA 22, 1927), which stays inside
    /// 0..1 and has a width also at 0 and at n.
    /// </summary>
    public static Estimate Wilson(int hits, int n)
    {
        if (n < 1 || hits < 0 || hits > n)
            throw new ArgumentOutOfRangeException(nameof(hits), hits, $"Expected 0 to n hits with n of at least 1; n is {n}.");
        var p = (double)hits / n;
        var divisor = 1 + (Z * Z / n);
        var centre = (p + (Z * Z / (2 * n))) / divisor;
        var half = Z / divisor * Math.Sqrt((p * (1 - p) / n) + (Z * Z / (4.0 * n * n)));
        return new(p, hits == 0 ? 0 : Math.Max(0, centre - half), hits == n ? 1 : Math.Min(1, centre + half), n);
    }

    /// <summary>The mean of <paramref name="values"/> with the percentile bootstrap interval (Efron 1979).</summary>
    /// <exception cref="ArgumentException">There are no values, or a mean is not finite.</exception>
    public static Estimate BootstrapMean(IReadOnlyList<double> values, int seed) => Bootstrap(values.Count, drawn => drawn.Average(i => values[i]), seed);

    /// <summary>Any statistic of <paramref name="n"/> observations with the percentile bootstrap interval, the same for the same seed.</summary>
    /// <param name="statistic">Takes the indices of the observations in a resample.</param>
    /// <exception cref="ArgumentException">There are no observations, or the statistic is not finite.</exception>
    public static Estimate Bootstrap(int n, Func<IReadOnlyList<int>, double> statistic, int seed)
    {
        var (low, high) = Percentiles(Resample(n, statistic, seed, Resamples));
        return new(statistic([.. Enumerable.Range(0, n)]), low, high, n);
    }

    /// <summary>A statistic of resamples of <paramref name="n"/> observations, drawn with replacement, ascending.</summary>
    internal static double[] Resample(int n, Func<IReadOnlyList<int>, double> statistic, int seed, int resamples)
    {
        if (n < 1)
            throw new ArgumentOutOfRangeException(nameof(n), n, "Expected at least one observation.");
        var random = new Random(seed);
        var drawn = new int[n];
        var values = new double[resamples];
        for (var r = 0; r < resamples; r++)
        {
            for (var i = 0; i < n; i++)
                drawn[i] = random.Next(n);
            values[r] = statistic(drawn);
            if (!double.IsFinite(values[r]))
                throw new ArgumentException($"Expected a finite statistic, that of resample {r + 1} is {values[r]}.", nameof(statistic));
        }

        Array.Sort(values);
        return values;
    }

    /// <summary>Returns the bounds of the middle 95 % of ascending values.</summary>
    internal static (double Low, double High) Percentiles(double[] sorted) => (Quantile(sorted, 0.025), Quantile(sorted, 0.975));

    // Linear between order statistics.
    private static double Quantile(double[] sorted, double share)
    {
        var position = share * (sorted.Length - 1);
        var low = (int)Math.Floor(position);
        var high = Math.Min(low + 1, sorted.Length - 1);
        return sorted[low] + ((position - low) * (sorted[high] - sorted[low]));
    }
}
