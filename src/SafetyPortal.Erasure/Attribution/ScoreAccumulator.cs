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
            var score = weight.detach().to(ScalarType.Float32) * gradient;
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

    /// <summary>score = w * sum of gradients; tensors in the order of the candidates, owned by the caller.</summary>
    public Tensor[] Scores() => Enumerable.Range(0, sums.Length).Select(i => Score(i).DetachFromDisposeScope()).ToArray();

    /// <summary>score = w * sum of gradients, of the candidate at this position; in the open dispose scope.</summary>
    public Tensor Score(int candidate)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        return (candidates[candidate].Weight.detach().to(ScalarType.Float32) * sums[candidate]).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (var sum in sums) sum.Dispose();
    }
}
