using SafetyPortal.Images;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Measuring;

/// <summary>The images of one model in memory, what was seen in them and their features, each in the order of the cases.</summary>
/// <param name="Images">Empty when they were not kept.</param>
public sealed record Gallery(IReadOnlyList<Raster> Images, IReadOnlyList<ImageReading> Readings, FeatureRows Features);

/// <summary>What the judge and CLIP saw in one image.</summary>
/// <param name="CaseId"><see cref="EvaluationCase.Id"/></param>
/// <param name="Image">Artifact of the PNG; empty while it is not stored.</param>
/// <param name="JudgeObject">Class the judge gives it.</param>
/// <param name="JudgeStyle">Style the judge gives it.</param>
/// <param name="ClipConcept">The concept CLIP gives it, among those of the case's kind.</param>
/// <param name="ClipScore">100 times the cosine of image and prompt; null without a CLIP.</param>
public sealed record ImageReading(
    string CaseId, string Image, string JudgeObject, string JudgeStyle, string ClipConcept, double? ClipScore);
