using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Attribution;

/// <summary>Sums the gradients of one seed in place and notes how much score mass each timestep adds.</summary>
internal sealed class ScoreAccumulator : IDisposable
{
    private readonly IReadOnlyList<Candidate> candidates;
    private readonly Tensor[] sums;
    private readonly StepMass?[] masses;

    public ScoreAccumulator(IReadOnlyList<Candidate> candidates, int steps)
    {
        this.candidates = candidates;
        masses = new StepMass?[steps];
        sums = candidates
            .Select(c => zeros(c.Weight.shape, dtype: ScalarType.Float32, device: c.Weight.device).DetachFromDisposeScope())
            .ToArray();
    }

    /// <summary>Mass per step, in the order of the steps.</summary>
    public IReadOnlyList<StepMass> Masses => masses.OfType<StepMass>().ToList();

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
            {
                throw new InvalidOperationException(
                    $"Expected finite gradients for {candidates[i].Name} at timestep {visit.Timestep}, got {magnitude}.");
            }

            positive += (magnitude + total) / 2;
            negative += (magnitude - total) / 2;
            sums[i].add_(gradient);

            // Null, not zero: then no gradient takes memory while the next backward pass holds its activations.
            weight.grad = null;
        }

        var before = masses[visit.Step];
        masses[visit.Step] = new StepMass(
            visit.Timestep,
            (before?.Objective ?? 0) + visit.Objective,
            (before?.Positive ?? 0) + positive,
            (before?.Negative ?? 0) + negative);
    }

    /// <summary>The score of every candidate by the summed gradients; the caller owns the tensors.</summary>
    public Tensor[] Scores() => [.. Enumerable.Range(0, sums.Length).Select(i => Score(i).DetachFromDisposeScope())];

    /// <summary>The score of one candidate, in the open dispose scope.</summary>
    public Tensor Score(int candidate) => ComponentAttribution.Score(candidates[candidate].Weight, sums[candidate]);

    public void Dispose()
    {
        foreach (var sum in sums) sum.Dispose();
    }
}
