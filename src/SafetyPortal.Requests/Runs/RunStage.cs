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

/// <summary>Where a run stands.</summary>
public enum RunStatus
{
    /// <summary>Waits for a worker, newly or after its worker was lost. Exits: <see cref="Running"/>, <see cref="Cancelled"/>, <see cref="Failed"/>.</summary>
    Queued = 0,

    /// <summary>A worker holds the lease. Exits: <see cref="Succeeded"/>, <see cref="Failed"/>, <see cref="Cancelled"/>, <see cref="Queued"/> (lease lost).</summary>
    Running = 1,

    /// <summary>The evidence is stored. No exit.</summary>
    Succeeded = 2,

    /// <summary>Ended with an error; the request can be retried with a new run. No exit.</summary>
    Failed = 3,

    /// <summary>Stopped by a person; finished stages stay stored. No exit.</summary>
    Cancelled = 4,
}
