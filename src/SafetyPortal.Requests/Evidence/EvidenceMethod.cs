using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace SafetyPortal.Requests.Evidence;

/// <summary>How the edit was found and how the images were made.</summary>
/// <param name="Attribution">Text: objective, sampler and candidate weights.</param>
/// <param name="AttributionSteps">DDIM steps per seed.</param>
/// <param name="AttributionGuidance">Guidance of the attribution trajectories.</param>
/// <param name="AttributionSeeds">Seeds whose estimates were averaged.</param>
/// <param name="ImageSteps">Denoising steps of each evaluation image.</param>
/// <param name="ImageGuidance">Guidance of the evaluation images.</param>
/// <param name="BatchSize">Images made at once; other batches may round differently.</param>
/// <param name="Stability">Mean rank correlation of the scores of two seeds; null with a single seed.</param>
/// <param name="Scores">Artifact with the scores of every candidate weight.</param>
/// <param name="TargetByClip">Detection of the target by the second detector, zero-shot CLIP.</param>
/// <param name="Backbones">Backbones that the operator supplied; null when the model folder's own networks measured everything.</param>
/// <param name="Settings">All else in the worker's configuration that shapes a result, as it was when the run began; null in older evidence.</param>
/// <param name="Variant">The variant that the search of the edit chose; null for plain CAD.</param>
/// <param name="ImageScheduler">Class name of the scheduler of the evaluation images; null for the model's own.</param>
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
    DetectionChange? TargetByClip = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<BackboneUse>? Backbones = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] JsonObject? Settings = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] EditVariant? Variant = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ImageScheduler = null);

/// <summary>The variant that the search of an edit chose. It may differ from the request's when no dose of that one passed.</summary>
/// <param name="Window">Part of the trajectory, noisiest first, from which suppression was learned, 0 to 1.</param>
/// <param name="FeedForwardOnly">Whether the edit leaves the attention alone.</param>
public sealed record EditVariant(AblationScope Scope, double Window, bool FeedForwardOnly);
