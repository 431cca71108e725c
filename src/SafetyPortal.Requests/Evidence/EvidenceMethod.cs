namespace SafetyPortal.Requests.Evidence;

/// <summary>How the edit was found and how the images were made.</summary>
/// <param name="Attribution">Objective, sampler and candidate weights in words.</param>
/// <param name="AttributionSteps">DDIM steps per seed.</param>
/// <param name="AttributionGuidance">Guidance of the attribution trajectories.</param>
/// <param name="AttributionSeeds">Seeds whose estimates were averaged.</param>
/// <param name="ImageSteps">DDIM steps of each evaluation image.</param>
/// <param name="ImageGuidance">Guidance of the evaluation images.</param>
/// <param name="BatchSize">Images made at once; sums in a batch may round differently from those of single images.</param>
/// <param name="Stability">Mean rank correlation of the scores of two seeds; null with a single seed.</param>
/// <param name="Scores">Artifact with the scores of every candidate weight.</param>
/// <param name="TargetByClip">Detection of the target by the second detector, zero-shot CLIP.</param>
public sealed record EvidenceMethod(
    string Attribution,
    int AttributionSteps,
    double AttributionGuidance,
    int AttributionSeeds,
    int ImageSteps,
    double ImageGuidance,
    int BatchSize,
    double? Stability = null,
    string? Scores = null,
    DetectionChange? TargetByClip = null);
