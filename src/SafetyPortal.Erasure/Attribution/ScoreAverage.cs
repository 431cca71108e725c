using MathNet.Numerics.Statistics;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Attribution;

/// <summary>Sums the gradients of one seed in place and notes how much score mass each timestep adds.</summary>
internal sealed class ScoreAccumulator(IReadOnlyList<Candidate> candidates, int steps) : IDisposable
{
    private readonly StepMass?[] masses = new StepMass?[steps];
    private readonly Tensor[] sums =
        [.. candidates.Select(c => zeros(c.Weight.shape, dtype: ScalarType.Float32, device: c.Weight.device).DetachFromDisposeScope())];

    /// <summary>Mass per step, in the order of the steps.</summary>
    public IReadOnlyList<StepMass> Masses => [.. masses.OfType<StepMass>()];

    /// <summary>Takes the gradient each candidate holds, and clears it.</summary>
    /// <exception cref="InvalidOperationException">A candidate received no gradient, or one that is not finite.</exception>
    public void Take(LatentVisit visit)
    {
        using var frozen = no_grad();
        double positive = 0, negative = 0;
        for (var i = 0; i < sums.Length; i++)
        {
            using var scope = NewDisposeScope();
            var weight = candidates[i].Weight;
            var gradient = weight.grad
                ?? throw new InvalidOperationException($"Expected a gradient for {candidates[i].Name}; the objective does not depend on it.");
            var score = ComponentAttribution.Score(weight, gradient);
            var total = score.sum().ToDouble();
            var magnitude = score.abs().sum().ToDouble();
            if (!double.IsFinite(magnitude))
                throw new InvalidOperationException($"Expected finite gradients for {candidates[i].Name} at timestep {visit.Timestep}, got {magnitude}.");

            positive += (magnitude + total) / 2;
            negative += (magnitude - total) / 2;
            sums[i].add_(gradient);

            // Null, not zero: then no gradient takes memory while the next backward pass holds its activations.
            weight.grad = null;
        }

        var before = masses[visit.Step] ?? new StepMass(visit.Timestep, 0, 0, 0);
        masses[visit.Step] = new StepMass(visit.Timestep, before.Objective + visit.Objective, before.Positive + positive, before.Negative + negative);
    }

    /// <summary>Returns the score of a candidate by the summed gradients.</summary>
    public Tensor Score(int candidate) => ComponentAttribution.Score(candidates[candidate].Weight, sums[candidate]);

    /// <summary>Returns the score of every candidate. The caller owns them.</summary>
    public Tensor[] Scores() => [.. Enumerable.Range(0, sums.Length).Select(i => Score(i).DetachFromDisposeScope())];

    public void Dispose()
    {
        foreach (var sum in sums)
            sum.Dispose();
    }
}

/// <summary>Averages the scores of several seeds as they come, and compares how the seeds rank the components.</summary>
/// <param name="candidates">The scored tensors.</param>
/// <param name="seeds">Number of estimates.</param>
internal sealed class ScoreAverage(IReadOnlyList<Candidate> candidates, int seeds) : IDisposable
{
    // Ranking every component of a large model for each pair of seeds takes long; a fixed sample gives the same figure.
    private const int SampleSize = 200_000;

    private readonly List<Tensor> sums = [];
    private readonly List<double[]> samples = [];

    /// <summary>Adds the estimate of one seed.</summary>
    public void Take(ScoreAccumulator accumulator)
    {
        using var frozen = no_grad();
        var stride = Math.Max(1, candidates.Sum(c => c.Weight.numel()) / SampleSize);
        var sample = new List<double>();
        var offset = 0L;
        for (var i = 0; i < candidates.Count; i++)
        {
            using var scope = NewDisposeScope();
            var score = accumulator.Score(i);
            sample.AddRange(Every(stride, offset, score));
            offset += score.numel();
            if (sums.Count <= i)
                sums.Add(zeros_like(score).DetachFromDisposeScope());
            sums[i].add_(score / seeds);
        }

        samples.Add([.. sample]);
    }

    /// <summary>Returns the averages on the CPU in the order of the candidates. The caller owns them.</summary>
    public List<(string Name, Tensor Score)> Scores() =>
        [.. candidates.Zip(sums, (candidate, sum) => (candidate.Name, sum.to(CPU, copy: true).DetachFromDisposeScope()))];

    /// <summary>Mean Spearman correlation of the scores of two seeds; null with a single seed, or where the scores of one have no spread.</summary>
    public double? Stability()
    {
        var pairs = samples.SelectMany((a, i) => samples.Skip(i + 1).Select(b => Correlation.Spearman(a, b))).ToList();
        return pairs.Count > 0 && pairs.Average() is var mean && double.IsFinite(mean) ? mean : null;
    }

    public void Dispose()
    {
        foreach (var sum in sums)
            sum.Dispose();
    }

    // Takes every stride-th of all components in a row; those of this score begin at offset.
    private static IEnumerable<double> Every(long stride, long offset, Tensor score)
    {
        var first = (stride - (offset % stride)) % stride;
        return first >= score.numel()
            ? []
            : score.flatten().slice(0, first, score.numel(), stride).to(ScalarType.Float64).cpu().contiguous().data<double>().ToArray();
    }
}
