using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Measuring;

/// <summary>Images of one model and what was seen in them.</summary>
/// <param name="Images">One per case of the plan, or per target case, in their order.</param>
/// <param name="Features">Artifact with the image features, [n, D] under the name <c>features</c>.</param>
public sealed record Gallery(IReadOnlyList<ImageReading> Images, string Features);

/// <summary>What the judge and CLIP saw in one image.</summary>
/// <param name="CaseId"><see cref="EvaluationCase.Id"/></param>
/// <param name="Image">Artifact of the PNG.</param>
/// <param name="JudgeObject">Class the judge gives it.</param>
/// <param name="JudgeStyle">Style the judge gives it.</param>
/// <param name="ClipConcept">The concept CLIP gives it, among those of the case's kind.</param>
/// <param name="ClipScore">100 times the cosine of image and prompt; null without a CLIP.</param>
public sealed record ImageReading(
    string CaseId, string Image, string JudgeObject, string JudgeStyle, string ClipConcept, double? ClipScore);
