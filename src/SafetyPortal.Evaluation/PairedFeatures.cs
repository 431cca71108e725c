using SafetyPortal.Diffusion.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation;

/// <summary>
/// Features of pairs of images: the same prompts and seeds before and after an edit. Distances of the two sets have bootstrap intervals
/// over pairs, since a pair is one draw.
/// </summary>
public sealed class PairedFeatures
{
    /// <summary>With more pairs <see cref="KernelDistance"/> never holds its whole kernel matrix and has no interval.</summary>
    public const int MostPairs = 2048;

    // A resample costs the cube of the smaller of features and distinct images.
    private const int Cheap = 64;
    private const int Affordable = 320;
    private const int FewerResamples = 200;

    // Of n draws with replacement this share is distinct.
    private const double Distinct = 0.64;

    private readonly Features before;
    private readonly Features after;

    /// <exception cref="ArgumentException">The numbers of images or features differ, or there are fewer than two pairs.</exception>
    public PairedFeatures(Features before, Features after)
    {
        if (before.Count != after.Count || before.Dimension != after.Dimension || before.Count < 2)
        {
            throw new ArgumentException(
                $"Expected two pairs or more, got {before.Count} images of {before.Dimension} features and {after.Count} of {after.Dimension}.", nameof(after));
        }

        (this.before, this.after) = (before, after);
    }

    /// <summary>Pairs.</summary>
    public int Count => before.Count;

    /// <summary>
    /// Resamples that <see cref="FrechetDistance"/> draws: 1,000 where they are cheap, 200 where they are expensive, and none, hence no
    /// interval, where they would take minutes.
    /// </summary>
    public int FrechetResamples => Math.Min(before.Dimension, Distinct * Count) switch
    {
        <= Cheap => Intervals.Resamples,
        <= Affordable => FewerResamples,
        _ => 0,
    };

    /// <summary>
    /// <see cref="Fid"/>. A resample holds fewer distinct images, which raises this distance, so the percentiles are lowered by the mean rise. The
    /// interval shows how far the value varies at this number of images, not its value with more.
    /// </summary>
    public BootstrapEstimate FrechetDistance(int seed, CancellationToken cancellation = default)
    {
        var value = Fid.Distance(before, after);
        if (FrechetResamples == 0)
            return new(value, null, Count, 0);
        using var scope = NewDisposeScope();
        var (x, y) = (before.ToTensor(), after.ToTensor()); // [n, D]
        var drawn = Intervals.Resample(
            Count,
            indices =>
            {
                cancellation.ThrowIfCancellationRequested();
                using var inner = NewDisposeScope();
                var counts = indices.CountBy(i => i).OrderBy(drawn => drawn.Key).ToList();
                var rows = tensor([.. counts.Select(c => (long)c.Key)], [counts.Count]);
                var weights = OwnedTensor.Of([.. counts.Select(c => (double)c.Value)], counts.Count, 1);
                return Fid.Distance(x.index_select(0, rows), weights, y.index_select(0, rows), weights);
            },
            seed,
            FrechetResamples);
        var rise = drawn.Average() - value;
        var (low, high) = Intervals.Percentiles(drawn);
        return new(value, (Math.Max(0, low - rise), Math.Max(0, high - rise)), Count, FrechetResamples);
    }

    /// <summary>
    /// The squared MMD with <see cref="Kid"/>'s kernel, as the U-statistic over pairs (Gretton et al. 2012, JMLR 13, lemma 6): unbiased for
    /// pairs too, and 0 for equal images. <see cref="Kid.SquaredMmd"/> assumes independent sets and would be too low. A resample does not
    /// compare an image with itself.
    /// </summary>
    public BootstrapEstimate KernelDistance(int seed, CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        var value = MeanByRows();
        if (Count > MostPairs)
            return new(value, null, Count, 0);
        var pairs = Rows(before.ToTensor(), after.ToTensor(), 0, Count); // [n, n]
        pairs.diagonal().zero_();
        var drawn = Intervals.Resample(
            Count,
            indices =>
            {
                cancellation.ThrowIfCancellationRequested();
                using var inner = NewDisposeScope();
                var counts = new double[Count];
                foreach (var index in indices)
                    counts[index]++;
                var weights = OwnedTensor.Of(counts, Count, 1);
                var others = ((double)Count * Count) - counts.Sum(c => c * c); // pairs of draws of different images
                return others > 0 ? weights.t().mm(pairs).mm(weights).ToDouble() / others : 0;
            },
            seed,
            Intervals.Resamples);
        return new(value, Intervals.Percentiles(drawn), Count, Intervals.Resamples);
    }

    /// <summary>The mean of the kernel over different images, with at most some rows of its matrix in memory.</summary>
    internal double MeanByRows(int rows = MostPairs)
    {
        using var scope = NewDisposeScope();
        var (x, y) = (before.ToTensor(), after.ToTensor()); // [n, D]
        double sum = 0;
        for (var start = 0; start < Count; start += rows)
        {
            using var inner = NewDisposeScope();
            var count = Math.Min(rows, Count - start);
            var part = Rows(x, y, start, count);
            sum += (part.sum() - part.narrow(1, start, count).trace()).ToDouble();
        }

        return sum / ((double)Count * (Count - 1));
    }

    // h(i, j) = k(x_i, x_j) + k(y_i, y_j) - k(x_i, y_j) - k(y_i, x_j) for some i and all j, [count, n].
    private static Tensor Rows(Tensor x, Tensor y, int start, int count)
    {
        var (xs, ys) = (x.narrow(0, start, count), y.narrow(0, start, count));
        return Kid.Kernel(xs, x) + Kid.Kernel(ys, y) - Kid.Kernel(xs, y) - Kid.Kernel(ys, x);
    }
}

/// <summary>A statistic with its 95 % bootstrap interval.</summary>
/// <param name="Interval">Null where resampling was too expensive.</param>
/// <param name="N">Observations.</param>
/// <param name="Resamples">0 without an interval.</param>
public sealed record BootstrapEstimate(double Value, (double Low, double High)? Interval, int N, int Resamples);
