using System.Text.Json.Serialization;

namespace SafetyPortal.Findings;

/// <summary>A share of images, 0 to 1, with a 95 % interval.</summary>
public sealed record Interval(double Low, double High);

/// <summary>Detection of the target before and after over the same <paramref name="N"/> prompts and seeds.</summary>
public sealed record DetectionChange(double Before, double After, int N, Interval? BeforeInterval = null, Interval? AfterInterval = null);

public sealed record TargetMetrics(DetectionChange Detection);

/// <summary>One other concept: its detection before and after.</summary>
public sealed record ConceptRetention(string Kind, string Name, double Before, double After, int N);

/// <summary>Detection of the other concepts, after / before, over <paramref name="N"/> images. <paramref name="Interval"/> is for the mean.</summary>
public sealed record RetentionMetrics(double Mean, double Worst, int N, Interval? Interval = null, IReadOnlyList<ConceptRetention>? Concepts = null);

/// <summary>Detection of the target after a control ablation.</summary>
public sealed record ControlDetection(double After, int N, Interval? AfterInterval = null);

/// <summary>A control of the same size as the edit, for example random weights.</summary>
public sealed record ControlMetrics(ControlDetection Detection, double? RetentionMean = null);

/// <summary>Mean CLIP score before and after on the same prompts.</summary>
public sealed record ClipScoreChange(double Before, double After, int N, Interval? BeforeInterval = null, Interval? AfterInterval = null);

/// <summary>
/// Fréchet distance between images before and after; <paramref name="Backbone"/> names the features, since values of different backbones cannot be
/// compared.
/// </summary>
/// <param name="Interval">95 % bootstrap interval over pairs; null where resampling was too expensive.</param>
/// <param name="Resamples">Resamples behind the interval.</param>
public sealed record FidMetrics(
    double Value,
    int N,
    string Backbone,
    Interval? Interval = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Resamples = null);

/// <summary>
/// Kernel distance (squared MMD over pairs, unbiased) of the images of the Fréchet distance. Small samples do not raise it; it is 0 for equal images.
/// </summary>
/// <param name="Interval">95 % bootstrap interval over pairs, 1,000 resamples; null where resampling was too expensive.</param>
public sealed record KidMetrics(double Value, int N, string Backbone, Interval? Interval = null);

/// <summary>LPIPS of the images before and after, same prompts and seeds: wanted high for the target, low for everything else.</summary>
/// <param name="Backbone">"AlexNet" or "VGG-16"; values of the two cannot be compared.</param>
public sealed record LpipsMetrics(string Backbone, MeanEstimate Target, int TargetN, MeanEstimate? Others, int OthersN);

/// <summary>What was measured of one edit. Null parts were not measured. Metrics at different n are never compared.</summary>
/// <param name="Placebo">Random weights, as many as the edit.</param>
/// <param name="Largest">The largest weights by size, as many as the edit.</param>
/// <param name="SecondFid">The Fréchet distance with the features of a second network; null unless the run was to measure with it.</param>
/// <param name="SecondKid">The kernel distance with the same features.</param>
public sealed record MetricsSummary(
    TargetMetrics Target,
    RetentionMetrics Retention,
    ControlMetrics? Placebo,
    ClipScoreChange? ClipScore,
    FidMetrics? Fid,
    ControlMetrics? Largest = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] LpipsMetrics? Lpips = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] KidMetrics? Kid = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] FidMetrics? SecondFid = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] KidMetrics? SecondKid = null);

/// <summary>One dose of a sweep: the ratio, the number of weights it changes, and the metrics.</summary>
public sealed record DosePoint(double Dose, long AblatedWeights, MetricsSummary Metrics, bool GatesPassed);
