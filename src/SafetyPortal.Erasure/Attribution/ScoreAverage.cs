using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Attribution;

/// <summary>Averages the scores of several seeds as they come, and compares how the seeds rank the components.</summary>
internal sealed class ScoreAverage : IDisposable
{
    // Ranking every component of a large model for each pair of seeds takes long; a fixed sample gives the same figure.
    private const int SampleSize = 200_000;

    private readonly IReadOnlyList<Candidate> candidates;
    private readonly int seeds;
    private readonly List<Tensor> sums = [];
    private readonly List<float[]> samples = [];

    /// <param name="candidates">The scored tensors.</param>
    /// <param name="seeds">Number of estimates.</param>
    public ScoreAverage(IReadOnlyList<Candidate> candidates, int seeds)
    {
        this.candidates = candidates;
        this.seeds = seeds;
    }

    /// <summary>Adds the estimate of one seed.</summary>
    public void Take(ScoreAccumulator accumulator)
    {
        using var frozen = no_grad();
        var stride = Math.Max(1, candidates.Sum(c => c.Weight.numel()) / SampleSize);
        var sample = new List<float>();
        var offset = 0L;
        for (var i = 0; i < candidates.Count; i++)
        {
            using var scope = NewDisposeScope();
            var score = accumulator.Score(i);
            sample.AddRange(Every(stride, offset, score));
            offset += score.numel();
            if (sums.Count <= i) sums.Add((score / seeds).DetachFromDisposeScope());
            else sums[i].add_(score / seeds);
        }

        samples.Add([.. sample]);
    }

    /// <summary>The averages on the CPU, owned by the caller, in the order of the candidates.</summary>
    public List<(string Name, Tensor Score)> Scores()
    {
        var scores = new List<(string Name, Tensor Score)>();
        for (var i = 0; i < sums.Count; i++)
        {
            using var sum = sums[i];
            scores.Add((candidates[i].Name, sum.to(CPU, copy: true).DetachFromDisposeScope()));
        }

        sums.Clear();
        return scores;
    }

    /// <summary>Mean Spearman correlation of the scores of two seeds; null with a single seed, or where the scores of one have no spread.</summary>
    public double? Stability()
    {
        if (samples.Count < 2) return null;
        var pairs = new List<double>();
        for (var i = 0; i < samples.Count; i++)
        {
            for (var j = i + 1; j < samples.Count; j++) pairs.Add(RankCorrelation.Spearman(samples[i], samples[j]));
        }

        var mean = pairs.Average();
        return double.IsFinite(mean) ? mean : null;
    }

    public void Dispose()
    {
        foreach (var sum in sums) sum.Dispose();
    }

    // Takes every stride-th of all components in a row; those of this score begin at offset.
    private static float[] Every(long stride, long offset, Tensor score)
    {
        var first = (stride - (offset % stride)) % stride;
        return first >= score.numel() ? [] : score.flatten().slice(0, first, score.numel(), stride).contiguous().cpu().data<float>().ToArray();
    }
}
