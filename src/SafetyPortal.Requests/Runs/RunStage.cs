namespace SafetyPortal.Requests.Runs;

/// <summary>The stages of a run in their order. Each stores its output before the next begins, so a killed run resumes at the stage it was in.</summary>
public enum RunStage
{
    /// <summary>Read the model and check its digest.</summary>
    Load = 0,

    /// <summary>Images and metrics of the unedited model.</summary>
    Baseline = 1,

    /// <summary>Score every candidate weight.</summary>
    Attribute = 2,

    /// <summary>Make a mask per dose.</summary>
    Ablate = 3,

    /// <summary>Images of the edited models and of the controls.</summary>
    Generate = 4,

    /// <summary>Metrics per dose, choice of the dose.</summary>
    Measure = 5,

    /// <summary>Attempts to bring the concept back, and where in the network it lived.</summary>
    RedTeam = 6,

    /// <summary>Gates, gallery and the evidence document.</summary>
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
