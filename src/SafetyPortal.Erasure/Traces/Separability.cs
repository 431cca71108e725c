namespace SafetyPortal.Erasure.Traces;

/// <summary>
/// How well single units separate two sets of activations: the Jensen-Shannon distance (base 2, 0..1) of their histograms, as in the
/// evaluation of sparse autoencoders (arXiv 2508.15094), here for feed-forward units of a UNet.
/// </summary>
public static class Separability
{
    private const int Bins = 12;

    /// <summary>Square root of the Jensen-Shannon divergence in bits of two samples, each put into bins over their common range.</summary>
    /// <exception cref="ArgumentException">A side is empty.</exception>
    public static double Distance(float[] first, float[] second)
    {
        if (first.Length == 0 || second.Length == 0)
            throw new ArgumentException($"Expected samples on both sides, got {first.Length} and {second.Length}.", nameof(first));
        var (low, high) = (Math.Min(first.Min(), second.Min()), Math.Max(first.Max(), second.Max()));
        if (!(high > low))
            return 0;

        var (p, q) = (Histogram(first, low, high), Histogram(second, low, high));
        return Math.Sqrt(Math.Clamp(p.Zip(q, (a, b) => Part(a, b) + Part(b, a)).Sum(), 0, 1));

        static double Part(double a, double b) => a > 0 ? a / 2 * Math.Log2(2 * a / (a + b)) : 0;
    }

    /// <summary>The distance of every unit.</summary>
    /// <param name="first">Samples of one side, at least one, each with one number per unit.</param>
    /// <param name="second">Samples of the other.</param>
    public static double[] PerUnit(IReadOnlyList<float[]> first, IReadOnlyList<float[]> second) =>
        [.. Enumerable.Range(0, first[0].Length)
            .Select(unit => Distance([.. first.Select(sample => sample[unit])], [.. second.Select(sample => sample[unit])]))];

    private static double[] Histogram(float[] values, float low, float high)
    {
        var histogram = new double[Bins];
        foreach (var value in values)
            histogram[Math.Min(Bins - 1, (int)((value - low) / (high - low) * Bins))] += 1.0 / values.Length;
        return histogram;
    }
}

/// <summary>Separability of a concept before and after an edit; every mean is over units.</summary>
/// <param name="TopBefore">Over the hundredth of the units that separate best, chosen on one half of the images and measured on the other.</param>
/// <param name="Floor">Between two halves of the images without the concept.</param>
/// <param name="Samples">Activations per unit and side.</param>
public sealed record SeparabilityChange(
    int Units, double MeanBefore, double MeanAfter, double TopBefore, double TopAfter, double Floor, int Samples)
{
    private const int TopShare = 100;

    /// <summary>Compares activations with and without the concept; each list holds the samples of one image. Null with fewer than two images.</summary>
    internal static SeparabilityChange? Between(
        IReadOnlyList<IReadOnlyList<float[]>> with, IReadOnlyList<IReadOnlyList<float[]>> without,
        IReadOnlyList<IReadOnlyList<float[]>> withAfter, IReadOnlyList<IReadOnlyList<float[]>> withoutAfter)
    {
        if (with.Count < 2)
            return null;

        // The halves hold other prompts and seeds, so a unit that separates seeds is not taken for one that separates the concept.
        var choosing = Separability.PerUnit(Half(with, 0), Half(without, 1));
        var before = Separability.PerUnit(Half(with, 1), Half(without, 0));
        var after = Separability.PerUnit(Half(withAfter, 1), Half(withoutAfter, 0));
        var floor = Separability.PerUnit(Half(without, 0), Half(without, 1));
        var top = Enumerable.Range(0, choosing.Length).OrderByDescending(unit => choosing[unit]).Take(Math.Max(1, choosing.Length / TopShare)).ToList();
        return new SeparabilityChange(
            before.Length,
            before.Average(),
            after.Average(),
            top.Average(unit => before[unit]),
            top.Average(unit => after[unit]),
            floor.Average(),
            Half(with, 1).Count);
    }

    private static List<float[]> Half(IReadOnlyList<IReadOnlyList<float[]>> images, int parity) =>
        [.. images.Where((_, i) => i % 2 == parity).SelectMany(samples => samples)];
}
