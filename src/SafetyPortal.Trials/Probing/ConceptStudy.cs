using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Erasure.Traces;
using SafetyPortal.Evaluation;
using SafetyPortal.Images;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;

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
/// Looks at one edit from the inside: attention, activations and weights, and the same prompts without the concept. Belongs to the torch thread. The model
/// is unedited before and after.
/// </summary>
public static class ConceptStudy
{
    private const int TraceSteps = 8;

    /// <param name="subject">From <see cref="RedTeamRun.Subject"/>.</param>
    /// <param name="kind">Kind of the erased concept.</param>
    /// <param name="attribution">The attribution the edit was made from.</param>
    /// <exception cref="PatchMismatchException">The patch is for another model.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the model is as it was.</exception>
    public static StudyReport Run(
        LoadedModel model,
        AblationPatch patch,
        ProbeSubject subject,
        ConceptKind kind,
        AttributionSummary attribution,
        IProgress<ProbeProgress>? progress,
        CancellationToken cancellation)
    {
        var portrait = ConceptPortrait.Draw(subject, prompt => ConceptPhrases.Without(prompt, subject.Concept.Words), progress);
        var settings = attribution.Settings with { Seeds = [attribution.Settings.Seeds[0]], Steps = Math.Min(TraceSteps, attribution.Settings.Steps) };

        // Two attributions, each of which counts from one.
        long done = 0;
        var steps = new Relay<AttributionProgress>(value => progress?.Report(new ProbeProgress("trace", ++done, Math.Max(done, 2L * value.Steps))));
        var trace = WeightTrace.Measure(model.Pipeline, patch, settings, steps, cancellation);

        // Each map has its own scale, to show places; shares and ranges say how much attention went.
        List<(Raster Before, Raster After)> maps =
            [.. portrait.Before.Select((image, i) => (portrait.MapsBefore[i].Over(image), portrait.MapsAfter[i].Over(portrait.After[i])))];
        var pairs = portrait.Prompts.Select((prompt, i) => Pair(prompt, portrait.MapsBefore[i], portrait.MapsAfter[i], kind));
        return new StudyReport(
            ConceptMasses.Location(model.Pipeline.Unet, attribution, patch) with { Attention = new AttentionMaps(portrait.Words, string.Empty, [.. pairs]) },
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
            ContactSheet.Arrange(
                [.. portrait.Before, .. maps.Select(m => m.Before), .. portrait.After, .. maps.Select(m => m.After)], portrait.Before.Count),
            ContactSheet.Arrange([.. portrait.BaseBefore, .. portrait.BaseAfter], portrait.BaseBefore.Count));
    }

    private static AttentionPair Pair(ProbePrompt prompt, HeatMap before, HeatMap after, ConceptKind kind)
    {
        return new(
            prompt.Text,
            prompt.Seed,
            string.Empty,
            string.Empty,
            before.Mean,
            after.Mean,
            before.Correlation(after),
            kind == ConceptKind.Nudity || NudityTerms.IsNamedIn(prompt.Text),
            Range(before),
            Range(after));

        static Interval Range(HeatMap map) => new(Math.Round(map.Lowest, 6), Math.Round(map.Highest, 6));
    }
}

/// <summary>Says where in the network and in time an attribution found a concept.</summary>
public static class ConceptMasses
{
    private const string Weight = ".weight";

    // A transformer block's name ends in its number; what follows is the matrix.
    private const string BlockMark = ".transformer_blocks.";

    /// <summary>Returns masses per tensor and timestep, with the share of each tensor that a patch edits.</summary>
    public static ConceptLocation Location(UNet2DConditionModel unet, AttributionSummary attribution, AblationPatch patch)
    {
        var sizes = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter.numel(), StringComparer.Ordinal);
        var edited = patch.Tensors.ToDictionary(t => t.Mask.Name, t => (long)t.Mask.Indices.Length, StringComparer.Ordinal);
        return new ConceptLocation(
            [.. attribution.Layers.Select(layer =>
            {
                var ((place, matrix), size, taken) = (Split(layer.Name), sizes.GetValueOrDefault(layer.Name), edited.GetValueOrDefault(layer.Name));
                return new WeightMass(layer.Name, layer.Block, place, matrix, layer.Positive, layer.Negative, size, taken);
            })],
            [.. attribution.Timesteps.Select(t => new TimestepMass(t.Timestep, t.Objective, t.Positive, t.Negative))]);
    }

    /// <summary>Splits a weight's name in the checkpoint into layer and kind of matrix.</summary>
    internal static (string Layer, string Matrix) Split(string name)
    {
        var bare = name.EndsWith(Weight, StringComparison.Ordinal) ? name[..^Weight.Length] : name;
        var mark = bare.IndexOf(BlockMark, StringComparison.Ordinal);
        var end = mark < 0 ? -1 : bare.IndexOf('.', mark + BlockMark.Length);
        return end < 0 ? (bare, string.Empty) : (bare[..end], bare[(end + 1)..]);
    }
}
