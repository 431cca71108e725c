namespace SafetyPortal.Lab.Study;

/// <summary>What was measured for one concept; kept as a file, so that a study that was stopped goes on where it was.</summary>
/// <param name="Settings">What the figures depend on besides the code; a file with other settings is made anew.</param>
/// <param name="Faithfulness">Of the plain attribution.</param>
/// <param name="Arms">The unedited model first.</param>
internal sealed record StudiedConcept(
    string Settings,
    ConceptKind Kind,
    string Name,
    IReadOnlyList<string> Prompts,
    FaithfulnessSummary? Faithfulness,
    IReadOnlyList<StudiedArm> Arms)
{
    public string Title => Kind == ConceptKind.Nudity ? "nudity" : $"{Kind.ToString().ToLowerInvariant()} {Name}";
}

/// <summary>One model of the comparison: the unedited one, an edit, or a control of equal size.</summary>
/// <param name="Code">Stable name, for example "cad".</param>
/// <param name="Dose">Dose of the edit; null for the unedited model.</param>
/// <param name="Weights">Weights that changed.</param>
/// <param name="Metrics">Against the unedited model, same prompts and seeds.</param>
/// <param name="Specificity">Null where it was not measured.</param>
/// <param name="RedTeam">Null where no probe was run.</param>
/// <param name="Seconds">To make the edit, without measuring it.</param>
internal sealed record StudiedArm(
    string Code,
    string Name,
    double? Dose,
    long Weights,
    MetricsSummary Metrics,
    SpecificityMetrics? Specificity,
    RedTeamEvidence? RedTeam,
    double Seconds);
