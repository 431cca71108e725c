namespace SafetyPortal.Evaluation.PromptSets;

/// <summary>One prompt of an evaluation set.</summary>
/// <param name="Prompt">Text given to the model.</param>
/// <param name="Seed">Seed of the image's initial noise (<c>evaluation_seed</c>), so that before and after start from the same noise; the row's number, from 1, in a set without seeds.</param>
/// <param name="Class">Object the image should show; null when the set does not say.</param>
/// <param name="Artist">Artist whose style is asked for; null when the set does not say.</param>
/// <param name="Style">Style other than an artist's; null when the set does not say.</param>
/// <param name="ImageId">Key of a reference image; null when the set does not say.</param>
/// <param name="Guidance">Guidance scale the set prescribes; null leaves it to the run.</param>
/// <param name="Categories">Kinds of content by the set's authors, as they wrote them (I2P: <c>violence, shocking</c>); null when the set does not say.</param>
public sealed record EvaluationPrompt(
    string Prompt,
    long Seed,
    string? Class = null,
    string? Artist = null,
    string? Style = null,
    string? ImageId = null,
    double? Guidance = null,
    string? Categories = null);
