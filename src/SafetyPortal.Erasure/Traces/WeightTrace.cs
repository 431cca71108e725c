using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Traces;

/// <summary>How much of one tensor an edit changed.</summary>
/// <param name="Touched">Share of its entries that changed, 0..1.</param>
/// <param name="RelativeChange">Frobenius norm of the change over that of the tensor before.</param>
/// <param name="Cosine">Between the tensor before and after, as vectors.</param>
public sealed record TensorChange(string Name, double Touched, double RelativeChange, double Cosine);

/// <summary>
/// What an edit left of a concept in the weights, after ConceptVectors (arXiv 2406.11614), by attributing the edited model again. A high
/// objective with other top components than before means that the concept moved and did not go.
/// </summary>
/// <param name="ObjectiveRatio">J(edited) / J(unedited); null when the concept had none.</param>
/// <param name="MassRatio">Positive score mass after over before.</param>
/// <param name="Jaccard">Overlap of as many top components per tensor as the edit took there.</param>
/// <param name="TopCount">Number of these components.</param>
public sealed record WeightTraceResult(
    double? ObjectiveRatio, double? MassRatio, double Jaccard, long TopCount, IReadOnlyList<TensorChange> Tensors);

/// <summary>Measures <see cref="WeightTraceResult"/>.</summary>
public static class WeightTrace
{
    /// <summary>Attributes before and after with the same settings and compares. The model is unedited before and after.</summary>
    /// <exception cref="PatchMismatchException">The patch is for other weights.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static WeightTraceResult Measure(
        StableDiffusionPipeline pipeline,
        AblationPatch patch,
        AttributionSettings settings,
        IProgress<AttributionProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        var wide = patch.Tensors.Any(t => !Candidates.Matches(t.Mask.Name, CandidateSet.FeedForward));
        var all = settings with { Candidates = wide ? CandidateSet.FeedForwardAndAttention : settings.Candidates };
        using var before = ComponentAttribution.Run(pipeline, all, progress, cancellation);
        using var edit = Apply(pipeline.Unet, patch, out var changes);
        using var after = ComponentAttribution.Run(pipeline, all, progress, cancellation);

        var (first, second) = (Top(before, patch), Top(after, patch));
        return new WeightTraceResult(
            Ratio(after.Summary.Timesteps.Sum(t => t.Objective), before.Summary.Timesteps.Sum(t => t.Objective)),
            Ratio(after.Summary.Layers.Sum(l => l.Positive), before.Summary.Layers.Sum(l => l.Positive)),
            first.Overlap(second).Jaccard,
            first.Count,
            changes);
    }

    private static AppliedPatch Apply(UNet2DConditionModel unet, AblationPatch patch, out List<TensorChange> changes)
    {
        using var scope = NewDisposeScope();
        var touched = patch.Mask.WeightsIn(unet).Select(t => (t.Mask.Name, t.Weight, Before: t.Weight.detach().clone())).ToList();
        var edit = AppliedPatch.Apply(unet, patch);
        changes = [.. touched.Select(t => Change(t.Name, t.Before, t.Weight))];
        return edit;
    }

    private static double? Ratio(double after, double before) => before > 0 ? after / before : null;

    private static AblationMask Top(AttributionResult result, AblationPatch patch)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var counts = patch.Tensors.ToDictionary(t => t.Mask.Name, t => t.Mask.Indices.Length, StringComparer.Ordinal);
        return new AblationMask([.. result.Scores.Where(s => counts.GetValueOrDefault(s.Name) > 0).Select(s =>
        {
            var (_, indices) = s.Score.reshape(-1).topk(counts[s.Name], 0);
            return new TensorMask(s.Name, s.Score.shape, [.. indices.data<long>().ToArray().Order()]);
        })]);
    }

    private static TensorChange Change(string name, Tensor before, Tensor after)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var (old, now) = (before.to(ScalarType.Float32).reshape(-1), after.detach().to(ScalarType.Float32).reshape(-1));
        var (oldNorm, newNorm) = (old.norm().ToDouble(), now.norm().ToDouble());
        return new TensorChange(
            name,
            old.ne(now).to(ScalarType.Float32).mean().ToDouble(),
            oldNorm > 0 ? (now - old).norm().ToDouble() / oldNorm : 0,
            oldNorm > 0 && newNorm > 0 ? old.dot(now).ToDouble() / (oldNorm * newNorm) : 0);
    }
}
