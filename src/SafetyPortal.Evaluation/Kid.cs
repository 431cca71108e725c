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
    public static double SquaredMmd(Features first, Features second, bool unbiased = true)
    {
        RequireSame(first, second);
        return SquaredMmd(Kernel(first, first), Kernel(second, second), Kernel(first, second), Everything(first.Count), Everything(second.Count), unbiased);
    }

    /// <summary>The mean estimate of given subsets of images.</summary>
    /// <param name="firstSubsets">Image indices, one list a subset; as many lists as in <paramref name="secondSubsets"/>.</param>
    public static Result OverSubsets(Features first, Features second, IReadOnlyList<int[]> firstSubsets, IReadOnlyList<int[]> secondSubsets)
    {
        RequireSame(first, second);
        if (firstSubsets.Count == 0 || firstSubsets.Count != secondSubsets.Count)
            throw new ArgumentException($"Expected as many subsets of both sets, got {firstSubsets.Count} and {secondSubsets.Count}.", nameof(secondSubsets));
        var (xx, yy, xy) = (Kernel(first, first), Kernel(second, second), Kernel(first, second));
        var values = firstSubsets.Select((subset, i) => SquaredMmd(xx, yy, xy, subset, secondSubsets[i], unbiased: true)).ToArray();
        var mean = values.Average();
        return new(mean, Math.Sqrt(values.Average(v => (v - mean) * (v - mean))), values.Length, firstSubsets[0].Length);
    }

    private static double SquaredMmd(double[,] xx, double[,] yy, double[,] xy, int[] x, int[] y, bool unbiased)
    {
        if (x.Length < 2 || y.Length < 2)
            throw new ArgumentException($"At least 2 images of each set are needed, got {x.Length} and {y.Length}.", nameof(x));
        var cross = 0.0;
        foreach (var i in x)
        {
            foreach (var j in y)
                cross += xy[i, j];
        }

        return Within(xx, x, unbiased) + Within(yy, y, unbiased) - (2 * cross / ((double)x.Length * y.Length));
    }

    private static double Within(double[,] kernel, int[] subset, bool unbiased)
    {
        var sum = 0.0;
        for (var a = 0; a < subset.Length; a++)
        {
            for (var b = 0; b < subset.Length; b++)
            {
                if (!unbiased || a != b)
                    sum += kernel[subset[a], subset[b]];
            }
        }

        return sum / ((double)subset.Length * (unbiased ? subset.Length - 1 : subset.Length));
    }

    private static double[,] Kernel(Features first, Features second)
    {
        var kernel = new double[first.Count, second.Count];
        for (var i = 0; i < first.Count; i++)
        {
            for (var j = 0; j < second.Count; j++)
            {
                var dot = 0.0;
                var x = first[i];
                var y = second[j];
                for (var k = 0; k < x.Length; k++)
                    dot += (double)x[k] * y[k];
                var value = (dot / first.Dimension) + 1;
                kernel[i, j] = value * value * value;
            }
        }

        return kernel;
    }

    private static int[] Everything(int count) => [.. Enumerable.Range(0, count)];

    private static void RequireSame(Features first, Features second)
    {
        if (first.Dimension != second.Dimension)
            throw new ArgumentException($"Expected {first.Dimension} features, the second set has {second.Dimension}.", nameof(second));
    }
}
