using SafetyPortal.Erasure.Attribution;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Tests.Attribution;

[Collection(nameof(Goldens))]
public sealed class EraseObjectiveTests(Goldens goldens)
{
    [Fact]
    public void Value_BaseNeedsGradient_GetsNone()
    {
        using var scope = NewDisposeScope();
        var concept = ones(2, 2, requires_grad: true);
        var other = zeros(2, 2, requires_grad: true);

        EraseObjective.Value(concept, other).backward();

        concept.grad.ShouldNotBeNull().sum().ToDouble().ShouldBe(8); // d/dx sum x^2 = 2x
        object.Equals(other.grad, null).ShouldBeTrue();
    }

    [Fact]
    public void Take_AllFiftyLatents_SumsToTheReferenceScores()
    {
        using var scope = NewDisposeScope();
        var unet = goldens.Pipeline.Unet;
        var candidates = Candidates.Of(unet, CandidateSet.FeedForward);
        using var gradients = new GradientScope(unet, candidates.Select(c => c.Weight));
        using var accumulator = new ScoreAccumulator(candidates, 50);
        var embeddings = goldens.Read("erase.text_embeddings");
        var timesteps = goldens.Read("erase.timesteps").data<long>().ToArray();
        for (var i = 0; i < 50; i++)
        {
            using var step = NewDisposeScope();
            var objective = EraseObjective.Evaluate(
                unet, goldens.Read("erase.z").narrow(0, i, 1), tensor(new[] { timesteps[i] }), embeddings);
            objective.backward();
            accumulator.Take(new LatentVisit(i, timesteps[i], objective.ToDouble()));
        }

        var scores = accumulator.Scores();
        for (var i = 0; i < candidates.Count; i++)
        {
            var expected = goldens.Read("erase.grad." + candidates[i].Name) * candidates[i].Weight.detach();
            Goldens.RelativeError(scores[i], expected).ShouldBeLessThan(2e-3, candidates[i].Name);
            scores[i].Dispose();
        }
    }
}
