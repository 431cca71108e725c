using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Erasure.Traces;
using SafetyPortal.Evaluation;
using SafetyPortal.Images;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Probing;

/// <summary>Where a concept lived, and what an edit left of it and of everything else. Digests of images are empty until the caller stores them.</summary>
/// <param name="Maps">Image with its heat map before and after, in the order of the location's pairs.</param>
/// <param name="MapSheet">Rows: image before, its map, image after, its map.</param>
/// <param name="SpecificitySheet">Rows: prompts without the concept, before and after.</param>
public sealed record StudyReport(
    ConceptLocation Location,
    ParametricTrace Trace,
    SpecificityMetrics Specificity,
    IReadOnlyList<(Raster Before, Raster After)> Maps,
    Raster MapSheet,
    Raster SpecificitySheet);

/// <summary>
/// Looks at one edit from the inside: attention, activations and weights, and the same prompts without the concept. Needs no database;
/// belongs on the torch thread. The model is unedited before and after.
/// </summary>
public static class ConceptStudy
{
    private const int TraceSteps = 8;

    /// <summary>Studies an edit.</summary>
    /// <param name="order">Concept and size; its probes do not matter here.</param>
    /// <param name="attribution">The attribution the edit was made from: where the masses lay.</param>
    /// <exception cref="PatchMismatchException">The patch is for another model.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the model is as it was.</exception>
    public static StudyReport Run(
        LoadedModel model, AblationPatch patch, RedTeamOrder order, AttributionSummary attribution,
        IProgress<ProbeProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var subject = ProbingGround.Subject(model, patch, order, cancellation);
        return Run(model, patch, subject, order, attribution, progress, cancellation);
    }

    public static StudyReport Run(
        LoadedModel model, AblationPatch patch, ProbeSubject subject, RedTeamOrder order, AttributionSummary attribution,
        IProgress<ProbeProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(attribution);
        var portrait = ConceptPortrait.Draw(subject, prompt => ConceptPhrases.Without(prompt, subject.Concept.Words), progress);
        var settings = attribution.Settings with { Seeds = [attribution.Settings.Seeds[0]], Steps = Math.Min(TraceSteps, attribution.Settings.Steps) };
        var trace = WeightTrace.Measure(model.Pipeline, patch, settings, new TraceProgress(progress), cancellation);
        var (maps, pairs) = Maps(portrait, order.Kind);
        var sheet = ContactSheet.Arrange(
            [.. portrait.Before, .. maps.Select(m => m.Before), .. portrait.After, .. maps.Select(m => m.After)], portrait.Before.Count);
        return new StudyReport(
            ConceptMasses.Location(model.Pipeline.Unet, attribution, patch) with { Attention = new AttentionMaps(portrait.Words, string.Empty, pairs) },
            new ParametricTrace(
                trace.ObjectiveRatio,
                trace.MassRatio,
                trace.Jaccard,
                trace.TopCount,
                [.. trace.Tensors.Select(t => new TensorTrace(t.Name, t.Touched, t.RelativeChange, t.Cosine))],
                portrait.Separability is { } s
                    ? new ConceptSeparability(s.Units, s.MeanBefore, s.MeanAfter, s.TopBefore, s.TopAfter, s.Floor, s.Samples)
                    : null),
            Specificity.Measure(model, portrait.Without, portrait.BaseBefore, portrait.BaseAfter) with
            {
                TargetSsim = Estimates.Mean(portrait.Before.Zip(portrait.After, Ssim.Compare).ToArray()),
            },
            maps,
            sheet,
            ContactSheet.Arrange([.. portrait.BaseBefore, .. portrait.BaseAfter], portrait.BaseBefore.Count));
    }

    private static (IReadOnlyList<(Raster Before, Raster After)> Images, IReadOnlyList<AttentionPair> Pairs) Maps(PortraitResult portrait, ConceptKind kind)
    {
        var images = new List<(Raster Before, Raster After)>();
        var pairs = new List<AttentionPair>();
        for (var i = 0; i < portrait.Prompts.Count; i++)
        {
            // Each map on its own scale, to show places; the shares and ranges say how much attention went.
            var (before, after) = (portrait.MapsBefore[i], portrait.MapsAfter[i]);
            images.Add((before.Over(portrait.Before[i]), after.Over(portrait.After[i])));
            pairs.Add(new AttentionPair(
                portrait.Prompts[i].Text,
                portrait.Prompts[i].Seed,
                string.Empty,
                string.Empty,
                before.Mean,
                after.Mean,
                before.Correlation(after),
                kind == ConceptKind.Nudity || PlanChoice.IsNudity(portrait.Prompts[i].Text),
                Range(before),
                Range(after)));
        }

        return (images, pairs);

        static Interval Range(HeatMap map) => new(Math.Round(map.Lowest, 6), Math.Round(map.Highest, 6));
    }

    private sealed class TraceProgress(IProgress<ProbeProgress>? progress) : IProgress<AttributionProgress>
    {
        private long done;

        // Two attributions, each of which counts from one.
        public void Report(AttributionProgress value) => progress?.Report(new ProbeProgress("trace", ++done, Math.Max(done, 2L * value.Steps)));
    }
}

/// <summary>Says where in the network and in time an attribution found a concept.</summary>
public static class ConceptMasses
{
    private const string Weight = ".weight";

    // A transformer block's name ends in its number; what follows is the matrix.
    private const string BlockMark = ".transformer_blocks.";

    /// <summary>Masses per tensor and timestep, with the share of each tensor that a patch edits.</summary>
    public static ConceptLocation Location(UNet2DConditionModel unet, AttributionSummary attribution, AblationPatch patch)
    {
        ArgumentNullException.ThrowIfNull(unet);
        ArgumentNullException.ThrowIfNull(attribution);
        ArgumentNullException.ThrowIfNull(patch);
        var sizes = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter.numel(), StringComparer.Ordinal);
        var edited = patch.Tensors.ToDictionary(t => t.Mask.Name, t => (long)t.Mask.Indices.Length, StringComparer.Ordinal);
        return new ConceptLocation(
            [.. attribution.Layers.Select(layer =>
            {
                var (place, matrix) = Split(layer.Name);
                return new WeightMass(
                    layer.Name, layer.Block, place, matrix, layer.Positive, layer.Negative, sizes.GetValueOrDefault(layer.Name), edited.GetValueOrDefault(layer.Name));
            })],
            [.. attribution.Timesteps.Select(t => new TimestepMass(t.Timestep, t.Objective, t.Positive, t.Negative))]);
    }

    /// <summary>Layer and kind of matrix out of a weight's name in the checkpoint.</summary>
    internal static (string Layer, string Matrix) Split(string name)
    {
        var bare = name.EndsWith(Weight, StringComparison.Ordinal) ? name[..^Weight.Length] : name;
        var mark = bare.IndexOf(BlockMark, StringComparison.Ordinal);
        var end = mark < 0 ? -1 : bare.IndexOf('.', mark + BlockMark.Length);
        return end < 0 ? (bare, string.Empty) : (bare[..end], bare[(end + 1)..]);
    }
}
