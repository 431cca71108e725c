using SafetyPortal.Requests.Evidence;

namespace SafetyPortal.Requests.Runs;

/// <summary>One pass of the worker over a request. Its moves move the request too.</summary>
public sealed class Run : QueuedWork
{
    private Run()
    {
    }

    /// <summary>1 for the first run of the request.</summary>
    public int Attempt { get; private set; }

    public string StartedById { get; private set; } = "";

    public string StartedByName { get; private set; } = "";

    /// <summary>The stage at work, or the next one.</summary>
    public RunStage Stage { get; private set; }

    /// <summary>Finished steps of the stage, of <see cref="Steps"/>.</summary>
    public int Step { get; private set; }

    /// <summary>Steps of the stage; 0 when not known.</summary>
    public int Steps { get; private set; }

    public DateTimeOffset QueuedAt { get; private set; }

    public DateTimeOffset? StageStartedAt { get; private set; }

    /// <summary>What the worker does, in a few words.</summary>
    public string? Message { get; private set; }

    /// <summary>Artifact digest of the newest preview image; null when there is none.</summary>
    public string? PreviewDigest { get; private set; }

    /// <summary>Digest over the evidence that a decision names; null before the run succeeded.</summary>
    public string? EvidenceDigest { get; private set; }

    /// <summary>Artifact digest of the stored evidence document.</summary>
    public string? EvidenceArtifact { get; private set; }

    /// <summary>Artifact digest of the patch file at the chosen dose.</summary>
    public string? PatchDigest { get; private set; }

    /// <summary>Digest of the edited weights.</summary>
    public string? ResultDigest { get; private set; }

    public double? ChosenDose { get; private set; }

    /// <summary>Whether every gate of the policy passed; null before the run succeeded.</summary>
    public bool? GatesPassed { get; private set; }

    /// <summary>The worker's <see cref="SignedVerdict"/> as canonical JSON; null before the run succeeded.</summary>
    public string? Verdict { get; private set; }

    public List<StageResult> StageResults { get; private set; } = [];

    /// <summary>Returns a new run in the queue.</summary>
    public static Run Enqueue(int attempt, string startedById, string startedByName, DateTimeOffset now) =>
        new() { Attempt = attempt, StartedById = startedById, StartedByName = startedByName, QueuedAt = now };

    internal override string Kind => "run";

    internal override string? Position => Stage.ToString();

    /// <inheritdoc/>
    public override void Claim(string owner, DateTimeOffset now)
    {
        base.Claim(owner, now);
        StageStartedAt = now;
        if (Request!.Status == RequestStatus.Queued)
            Request.Begin(now);
    }

    /// <inheritdoc/>
    public override void Fail(string error, DateTimeOffset now)
    {
        base.Fail(error, now);
        Request!.Fail(error, now);
    }

    /// <inheritdoc/>
    public override void Cancel(DateTimeOffset now)
    {
        base.Cancel(now);
        Request!.Cancel(now);
    }

    /// <inheritdoc/>
    public override string ToString() => $"Run {Id}";

    /// <summary>Stores the worker's progress. Null for <paramref name="previewDigest"/> keeps the last preview.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The step is below 0 or beyond the steps.</exception>
    public void Report(RunStage stage, int step, int steps, string? message, string? previewDigest, DateTimeOffset now)
    {
        Demand("reported on", RunStatus.Running);
        if (step < 0 || steps < 0 || (steps > 0 && step > steps))
            throw new ArgumentOutOfRangeException(nameof(step), $"Expected 0 <= step <= steps, got step {step} of {steps}.");
        if (stage != Stage)
            StageStartedAt = now;
        (Stage, Step, Steps, Message) = (stage, step, steps, message);
        PreviewDigest = previewDigest ?? PreviewDigest;
    }

    /// <summary>
    /// Records a finished stage. The worker makes a stage again whose stored output was lost: the new result replaces the former. If the new output
    /// differs, the results of later stages go too, because they followed from the former.
    /// </summary>
    /// <returns>The digest of the former result, or null.</returns>
    public string? Finish(RunStage stage, string artifactDigest, double seconds, DateTimeOffset now)
    {
        Demand("advanced", RunStatus.Running);
        var former = StageResults.Find(result => result.Stage == stage)?.ArtifactDigest;
        if (former is not null)
            StageResults.RemoveAll(result => result.Stage == stage || (result.Stage > stage && former != artifactDigest));
        StageResults.Add(new StageResult { Stage = stage, ArtifactDigest = artifactDigest, Seconds = seconds, FinishedAt = now });
        if (stage < RunStage.Evidence)
            Stage = stage + 1;
        (Step, Steps, StageStartedAt) = (0, 0, now);
        return former;
    }

    /// <summary>Running -> Succeeded.</summary>
    public void Complete(RunOutcome outcome, DateTimeOffset now)
    {
        Succeed(now);
        EvidenceDigest = outcome.EvidenceDigest;
        EvidenceArtifact = outcome.EvidenceArtifact;
        PatchDigest = outcome.PatchDigest;
        ResultDigest = outcome.ResultDigest;
        ChosenDose = outcome.ChosenDose;
        GatesPassed = outcome.GatesPassed;
        Verdict = outcome.Verdict?.ToJson();
        Request!.AwaitDecision(now);
    }
}

/// <summary>The result of a run. Digests are 64 hexadecimal digits.</summary>
/// <param name="Verdict">Null in the output of the last stage, which is the same each time; the worker signs when the run ends.</param>
public sealed record RunOutcome(
    string EvidenceDigest, string EvidenceArtifact, string PatchDigest, string ResultDigest, double ChosenDose, bool GatesPassed,
    SignedVerdict? Verdict = null);
