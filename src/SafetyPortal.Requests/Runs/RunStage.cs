namespace SafetyPortal.Requests.Runs;

/// <summary>The stages of a run in their order. The worker stores a stage's output before the next begins, so a killed run resumes at its stage.</summary>
public enum RunStage
{
    /// <summary>The model, checked against its digest, and the plan of the evaluation.</summary>
    Load = 0,

    /// <summary>Images of the unedited model.</summary>
    Baseline = 1,

    /// <summary>Scores of every candidate weight.</summary>
    Attribute = 2,

    /// <summary>A patch per dose.</summary>
    Ablate = 3,

    /// <summary>Images of the edited models and of the controls, and the choice of the dose.</summary>
    Generate = 4,

    /// <summary>Metrics per dose and the gates.</summary>
    Measure = 5,

    /// <summary>Probes, and where in the network the concept is.</summary>
    RedTeam = 6,

    /// <summary>The evidence document.</summary>
    Evidence = 7,
}

/// <summary>The stored output of one finished stage.</summary>
public sealed class StageResult
{
    public long Id { get; private set; }

    public long RunId { get; private set; }

    public required RunStage Stage { get; init; }

    /// <summary>SHA-256 under which the artifact store keeps the output.</summary>
    public required string ArtifactDigest { get; init; }

    /// <summary>Working time of the stage.</summary>
    public required double Seconds { get; init; }

    public required DateTimeOffset FinishedAt { get; init; }
}
