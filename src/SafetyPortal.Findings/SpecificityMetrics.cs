namespace SafetyPortal.Findings;

/// <summary>A mean with its 95 % bootstrap interval.</summary>
public sealed record MeanEstimate(double Mean, Interval Interval);

/// <summary>How far the edit leaves the rest of the picture alone: the concept's prompts without the concept, same seeds, before and after.</summary>
/// <param name="N">Pairs of images.</param>
/// <param name="Ssim">Structural similarity, 1 for equal images.</param>
/// <param name="Distance">Distance of the features of <paramref name="Backbone"/>, 0 for equal ones.</param>
/// <param name="Unchanged">Share of the pairs whose SSIM reaches <see cref="UnchangedSsim"/>.</param>
/// <param name="TargetSsim">The same on the prompts with the concept, where change is wanted; null when not measured.</param>
/// <param name="Sheet">Artifact of a sheet as PNG with the rows before and after.</param>
public sealed record SpecificityMetrics(
    int N,
    IReadOnlyList<string> Prompts,
    MeanEstimate Ssim,
    MeanEstimate Distance,
    string Backbone,
    DetectionRate Unchanged,
    MeanEstimate? TargetSsim = null,
    string? Sheet = null)
{
    /// <summary>Structural similarity from which two small images look the same to a viewer.</summary>
    public const double UnchangedSsim = 0.9;
}
