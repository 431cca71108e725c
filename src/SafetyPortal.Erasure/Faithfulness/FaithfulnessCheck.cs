using System.Globalization;
using SafetyPortal.Diffusion;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Methods;

namespace SafetyPortal.Erasure.Faithfulness;

/// <summary>The size of a comparison of scores with ablations. The defaults take about half a minute on two cores with a small model.</summary>
public sealed record FaithfulnessSettings
{
    /// <summary>Random ablations; 0 skips them.</summary>
    public int Ablations { get; init; } = 100;

    /// <summary>Fixed latents at which J is evaluated, spread over prompts and timesteps.</summary>
    public int Points { get; init; } = 4;

    /// <summary>Largest share of the candidate weights one ablation takes.</summary>
    public double LargestShare { get; init; } = 0.05;

    /// <summary>Fewest weights one ablation takes.</summary>
    public int Smallest { get; init; } = 200;

    /// <summary>Rows of one layer that are ablated one by one; 0 skips exact ablation and COAR.</summary>
    public int Rows { get; init; } = 24;

    /// <summary>Random masks of COAR; 0 skips it.</summary>
    public int CoarMasks { get; init; } = 60;

    /// <summary>Chance of a group to stay in a COAR mask, as in the authors' example.</summary>
    public double CoarKeep { get; init; } = 0.95;

    public long Seed { get; init; }

    /// <exception cref="ArgumentException">A field is outside its range.</exception>
    internal static void Validate(FaithfulnessSettings settings)
    {
        string? problem = settings switch
        {
            { Ablations: < 0 or > 100_000 } => $"Expected 0 to 100,000 random ablations, got {settings.Ablations}.",
            { Points: < 1 or > 10_000 } => $"Expected 1 to 10,000 evaluation points, got {settings.Points}.",
            { LargestShare: not (> 0 and <= 0.5) } => $"Expected a largest share above 0 and at most 0.5, got {settings.LargestShare}.",
            { Smallest: < 1 } => $"Expected ablations of at least 1 weight, got {settings.Smallest}.",
            { Rows: < 0 } => $"Expected 0 or more rows, got {settings.Rows}.",
            { CoarMasks: < 0 } => $"Expected 0 or more COAR masks, got {settings.CoarMasks}.",
            { CoarKeep: not (> 0 and < 1) } => $"Expected a chance to stay between 0 and 1, got {settings.CoarKeep}.",
            _ => null,
        };
        if (problem is not null)
            throw new ArgumentException(problem, nameof(settings));
    }
}

/// <summary>Where the weights of one ablation were drawn from.</summary>
public enum AblationDraw
{
    /// <summary>All candidate weights alike.</summary>
    Random,

    /// <summary>The tenth of the weights with the highest scores.</summary>
    High,

    /// <summary>The tenth with the lowest.</summary>
    Low,
}

/// <summary>One ablation: the change of J that the scores predict, and the change that was measured.</summary>
/// <param name="Predicted">Sum of the scores, scaled to the evaluation points.</param>
/// <param name="Measured">J before minus J after, both predictions by the ablated weights.</param>
/// <param name="FixedBase">The same with the base prediction kept, <see cref="ObjectiveValue.FixedBase"/>.</param>
public sealed record AblationTrial(AblationDraw Draw, long Weights, double Predicted, double Measured, double FixedBase);

/// <summary>One output row of a layer: the sum of its scores, and its worth by another method.</summary>
/// <param name="FixedBase">The same with the base prediction kept, <see cref="ObjectiveValue.FixedBase"/>.</param>
public sealed record RowTrial(int Row, double Score, double Measured, double FixedBase);

/// <summary>One layer's rows valued by another method.</summary>
public sealed record LayerTrials(string Layer, int Evaluations, IReadOnlyList<RowTrial> Rows);

/// <summary>What <see cref="FaithfulnessCheck"/> measured.</summary>
/// <param name="Objective">J of the unedited model at the evaluation points.</param>
/// <param name="Exact">Every row ablated by itself; null when skipped.</param>
/// <param name="Coar">Linear fit over random masks of rows; null when skipped.</param>
/// <param name="Sampling">How sets and points were drawn, in words.</param>
public sealed record FaithfulnessReport(
    double Objective, IReadOnlyList<AblationTrial> Trials, LayerTrials? Exact, LayerTrials? Coar, string Sampling);

/// <summary>
/// Compares the change of J that scores predict with the change that ablation makes. J is evaluated at fixed latents and timesteps of trajectories of the
/// unedited model, from seeds the attribution did not use. The sizes of the ablated sets are log-uniform between
/// <see cref="FaithfulnessSettings.Smallest"/> and <see cref="FaithfulnessSettings.LargestShare"/> of the candidates. Half of the sets are drawn from all
/// weights, a quarter each from the tenth with the highest and the lowest scores. Sets from all weights predict next to no change. So the correlation over
/// all sets shows whether the score separates weights, and the correlation over the random sets whether it predicts without such help.
/// </summary>
public static class FaithfulnessCheck
{
    private const int SeedOffset = 100_003;
    private const double Extreme = 0.1;

    /// <summary>Measures. The model does not change.</summary>
    /// <param name="pipeline">The model the scores belong to, unedited.</param>
    /// <param name="attribution">Scores, with the settings they were made with.</param>
    /// <param name="progress">Called after each evaluation with its number and the number of all.</param>
    public static FaithfulnessReport Run(
        StableDiffusionPipeline pipeline,
        AttributionResult attribution,
        FaithfulnessSettings settings,
        Action<int, int>? progress = null,
        CancellationToken cancellation = default)
    {
        FaithfulnessSettings.Validate(settings);
        var scored = attribution.Summary.Settings;
        if (scored.Objective != AttributionObjective.Erase)
            throw new ArgumentException("Expected scores of the erase objective, got those of another.", nameof(attribution));

        // A trajectory has few enough steps that every prompt can give its share of the points.
        var perPrompt = (int)Math.Ceiling(settings.Points / (double)scored.Prompts.Count);
        using var points = VisitedLatents.Visit(
            pipeline,
            scored.Prompts,
            settings.Seed + SeedOffset,
            new VisitSettings(perPrompt, Math.Max(10, perPrompt), scored.GuidanceScale),
            cancellation);
        var weights = new EditableWeights(pipeline.Unet, attribution.Scores);
        var scale = points.Count / (double)(scored.Prompts.Count * scored.Steps);
        var random = new Random(unchecked((int)settings.Seed));
        var largest = Math.Max(1, (long)(weights.Count * settings.LargestShare));
        var smallest = Math.Min(settings.Smallest, largest);
        var rows = settings.Rows == 0 ? null : RowTrials.Choose(weights, settings, scale);
        var evaluations = new Evaluations(points, settings.Ablations + (rows?.Count ?? 0) + (rows is null ? 0 : settings.CoarMasks), progress, cancellation);
        var objective = points.Objective().Both;
        return new FaithfulnessReport(
            objective,
            RandomAblations(weights, settings.Ablations, (smallest, largest), scale, objective, random, evaluations),
            rows?.Exact(weights, objective, evaluations),
            settings.CoarMasks == 0 ? null : rows?.Coar(weights, settings, random, evaluations),
            string.Create(
                CultureInfo.InvariantCulture,
                $"{points.Count} latents of unedited trajectories from seed {settings.Seed + SeedOffset}; "
                + $"sets of {smallest} to {largest} of {weights.Count} weights, sizes log-uniform; "
                + $"half from all weights, a quarter each from the tenth with the highest and the lowest scores"));
    }

    private static List<AblationTrial> RandomAblations(
        EditableWeights weights, int ablations, (long Smallest, long Largest) size, double scale, double objective, Random random, Evaluations evaluations)
    {
        var (high, low) = ablations == 0 ? ([], []) : weights.Extremes(Extreme);
        var trials = new List<AblationTrial>();
        for (var i = 0; i < ablations; i++)
        {
            var draw = (i % 4) switch { 0 => AblationDraw.High, 1 => AblationDraw.Low, _ => AblationDraw.Random };
            var count = (int)(size.Smallest * Math.Pow(size.Largest / (double)size.Smallest, random.NextDouble()));
            long[] chosen = draw switch
            {
                AblationDraw.High => Pick(high, count, random),
                AblationDraw.Low => Pick(low, count, random),
                _ => RandomPlacebo.Draw(weights.Count, count, random),
            };
            var predicted = scale * weights.ScoreOf(chosen);
            using var ablated = weights.Zero(chosen);
            var now = evaluations.Next();
            trials.Add(new AblationTrial(draw, chosen.Length, predicted, objective - now.Both, objective - now.FixedBase));
        }

        return trials;
    }

    private static long[] Pick(long[] from, int count, Random random) =>
        [.. RandomPlacebo.Draw(from.Length, Math.Min(count, from.Length), random).Select(i => from[i]).Order()];
}

/// <summary>Counts and reports evaluations of J.</summary>
internal sealed class Evaluations(VisitedLatents points, int all, Action<int, int>? progress, CancellationToken cancellation)
{
    private int done;

    /// <summary>J of the model as it is now.</summary>
    public ObjectiveValue Next()
    {
        cancellation.ThrowIfCancellationRequested();
        var value = points.Objective();
        progress?.Invoke(++done, all);
        return value;
    }
}
