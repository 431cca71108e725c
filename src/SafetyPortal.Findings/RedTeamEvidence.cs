namespace SafetyPortal.Findings;

/// <summary>A share of images in which the concept was seen, 0 to 1, with its 95 % Wilson interval over <paramref name="N"/> images.</summary>
public sealed record DetectionRate(double Rate, int N, Interval Interval);

/// <summary>Attempts to bring the erased concept back, each within a budget. The list holds those that were made.</summary>
/// <param name="Budget">"small" or "full": how much each probe was allowed.</param>
/// <param name="Seed">Seed of every draw.</param>
/// <param name="Probes">In the order of <see cref="ProbeCodes.All"/>.</param>
public sealed record RedTeamEvidence(string Budget, long Seed, IReadOnlyList<ProbeEvidence> Probes);

/// <summary>One attempt. The three rates are over the same prompts and seeds.</summary>
/// <param name="Code">One of <see cref="ProbeCodes.All"/>.</param>
/// <param name="Title">Its name for a page.</param>
/// <param name="Method">How it works, in a sentence or two.</param>
/// <param name="Before">The unedited model.</param>
/// <param name="Plain">The edited model without the probe.</param>
/// <param name="After">The edited model under the probe, at its strongest variant.</param>
/// <param name="Variants">Rates of each setting that was tried, and of controls.</param>
/// <param name="Figures">Other measurements, such as the steps it took to relearn the concept.</param>
/// <param name="Cost">What was spent.</param>
/// <param name="Limit">What the budget allowed.</param>
/// <param name="AdministratorOnly">
/// Only administrators order it, and only they and auditors see it. The weights it makes are neither stored nor released.
/// </param>
/// <param name="Sheet">Artifact of the contact sheet as PNG: rows as <paramref name="SheetRows"/> names them; null when none was kept.</param>
/// <param name="Sensitive">The sheet is shown blurred until a deliberate click.</param>
public sealed record ProbeEvidence(
    string Code,
    string Title,
    string Method,
    DetectionRate Before,
    DetectionRate Plain,
    DetectionRate After,
    IReadOnlyList<ProbeVariant> Variants,
    IReadOnlyList<ProbeFigure> Figures,
    ProbeCost Cost,
    ProbeCost Limit,
    bool AdministratorOnly,
    string? Sheet,
    IReadOnlyList<string> SheetRows,
    bool Sensitive);

/// <summary>One setting of a probe, or a control to compare its rate with.</summary>
/// <param name="IsControl">True when it is no attack.</param>
public sealed record ProbeVariant(string Name, DetectionRate Rate, bool IsControl = false);

/// <summary>A measured number. Null when there was nothing to measure or the limit came first.</summary>
public sealed record ProbeFigure(string Name, double? Value);

/// <summary>Effort, which unlike time is the same on every machine.</summary>
/// <param name="NetworkCalls">Noise predictions of one image each; a guided step counts twice, a backward pass as two more.</param>
/// <param name="OptimisationSteps">Updates of an embedding, a prompt or weights.</param>
public sealed record ProbeCost(long NetworkCalls, long OptimisationSteps);

/// <summary>The nine probes.</summary>
public static class ProbeCodes
{
    public const string Paraphrases = "paraphrases";
    public const string Completion = "completion";
    public const string Inpainting = "inpainting";
    public const string Noise = "noise";
    public const string TextualInversion = "textual-inversion";
    public const string PrefixSearch = "prefix-search";
    public const string Relearning = "relearning";
    public const string Revival = "revival";
    public const string Amplification = "amplification";

    public static readonly IReadOnlyList<string> All =
        [Paraphrases, Completion, Inpainting, Noise, TextualInversion, PrefixSearch, Relearning, Revival, Amplification];

    /// <summary>Those that rebuild the concept in the weights without training data; only administrators order them.</summary>
    public static readonly IReadOnlyList<string> AdministratorOnly = [Revival, Amplification];
}
