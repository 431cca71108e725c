using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Evidence;

namespace SafetyPortal.Requests.Runs;

/// <summary>
/// One attempt to carry out a request. A worker writes only while it holds the lease: <see cref="Token"/> grows with each claim,
/// and a write that names an older token is refused, so a worker that was thought dead cannot change anything.
/// </summary>
public sealed class Run : IVersioned
{
    private Run()
    {
    }

    public long Id { get; private set; }

    public long RequestId { get; private set; }

    public EraseRequest? Request { get; private set; }

    /// <summary>1 for the first run of the request.</summary>
    public int Attempt { get; private set; }

    public string StartedById { get; private set; } = "";

    public string StartedByName { get; private set; } = "";

    public RunStatus Status { get; private set; }

    /// <summary>The stage at work, or the next one to do.</summary>
    public RunStage Stage { get; private set; }

    /// <summary>Step k of <see cref="Steps"/> within the stage, 0 before the first.</summary>
    public int Step { get; private set; }

    /// <summary>Number of steps in the stage; 0 when not known yet.</summary>
    public int Steps { get; private set; }

    public DateTimeOffset QueuedAt { get; private set; }

    /// <summary>When a worker first took it; null before.</summary>
    public DateTimeOffset? StartedAt { get; private set; }

    public DateTimeOffset? StageStartedAt { get; private set; }

    public DateTimeOffset? EndedAt { get; private set; }

    /// <summary>What the worker does, in a few words.</summary>
    public string? Message { get; private set; }

    /// <summary>Artifact digest of the newest preview image; null when there is none.</summary>
    public string? PreviewDigest { get; private set; }

    /// <summary>Fencing token; grows with each claim.</summary>
    public long Token { get; private set; }

    /// <summary>The worker that holds the lease; null when nobody does.</summary>
    public string? LeaseOwner { get; private set; }

    public DateTimeOffset? LeaseExpiresAt { get; private set; }

    public DateTimeOffset? HeartbeatAt { get; private set; }

    /// <summary>A person asked to stop; the worker obeys within a step.</summary>
    public bool CancelRequested { get; private set; }

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

    /// <summary>Why it failed, for the user; null otherwise.</summary>
    public string? Error { get; private set; }

    public List<StageResult> StageResults { get; private set; } = [];

    public long Version { get; set; }

    /// <summary>A new run in the queue.</summary>
    public static Run Enqueue(int attempt, string startedById, string startedByName, DateTimeOffset now) =>
        new() { Attempt = attempt, StartedById = startedById, StartedByName = startedByName, QueuedAt = now, Status = RunStatus.Queued };

    /// <summary>Queued -> Running: <paramref name="owner"/> holds the lease under a new token.</summary>
    public void Claim(string owner, TimeSpan lease, DateTimeOffset now)
    {
        Demand("claimed", RunStatus.Queued);
        Status = RunStatus.Running;
        Token++;
        StartedAt ??= now;
        StageStartedAt = now;
        LeaseOwner = owner;
        HeartbeatAt = now;
        LeaseExpiresAt = now + lease;
    }

    /// <summary>Extends the lease.</summary>
    public void Renew(TimeSpan lease, DateTimeOffset now)
    {
        Demand("renewed", RunStatus.Running);
        HeartbeatAt = now;
        LeaseExpiresAt = now + lease;
    }

    /// <summary>Shows where the worker is. <paramref name="previewDigest"/> null keeps the last preview.</summary>
    public void Report(RunStage stage, int step, int steps, string? message, string? previewDigest, DateTimeOffset now)
    {
        Demand("reported on", RunStatus.Running);
        if (step < 0 || steps < 0 || (steps > 0 && step > steps))
            throw new ArgumentOutOfRangeException(nameof(step), $"expected 0 <= step <= steps, got step {step} of {steps}");
        if (stage != Stage)
            StageStartedAt = now;
        Stage = stage;
        Step = step;
        Steps = steps;
        Message = message;
        PreviewDigest = previewDigest ?? PreviewDigest;
    }

    /// <summary>
    /// Records a finished stage. A stage whose stored output was lost is made again and takes the place of the former result; when the new
    /// output is another one, results of later stages go with it, since they followed from the former.
    /// </summary>
    /// <returns>The digest of the result that was replaced; null when the stage had none.</returns>
    public string? Finish(RunStage stage, string artifactDigest, double seconds, DateTimeOffset now)
    {
        Demand("advanced", RunStatus.Running);
        var former = StageResults.Find(result => result.Stage == stage)?.ArtifactDigest;
        if (former is not null)
            StageResults.RemoveAll(result => result.Stage == stage || (result.Stage > stage && !string.Equals(former, artifactDigest, StringComparison.Ordinal)));
        StageResults.Add(new StageResult { Stage = stage, ArtifactDigest = artifactDigest, Seconds = seconds, FinishedAt = now });
        if (stage < RunStage.Evidence)
            Stage = stage + 1;
        Step = 0;
        Steps = 0;
        StageStartedAt = now;
        return former;
    }

    /// <summary>Running -> Succeeded.</summary>
    public void Complete(RunOutcome outcome, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        End("completed", RunStatus.Succeeded, now, RunStatus.Running);
        EvidenceDigest = outcome.EvidenceDigest;
        EvidenceArtifact = outcome.EvidenceArtifact;
        PatchDigest = outcome.PatchDigest;
        ResultDigest = outcome.ResultDigest;
        ChosenDose = outcome.ChosenDose;
        GatesPassed = outcome.GatesPassed;
        Verdict = outcome.Verdict?.ToJson();
    }

    /// <summary>Queued or Running -> Failed.</summary>
    public void Fail(string error, DateTimeOffset now)
    {
        End("failed", RunStatus.Failed, now, RunStatus.Queued, RunStatus.Running);
        Error = error;
    }

    /// <summary>Asks the worker to stop.</summary>
    public void RequestCancel()
    {
        Demand("asked to stop", RunStatus.Queued, RunStatus.Running);
        CancelRequested = true;
    }

    /// <summary>Queued or Running -> Cancelled.</summary>
    public void Cancel(DateTimeOffset now) => End("cancelled", RunStatus.Cancelled, now, RunStatus.Queued, RunStatus.Running);

    /// <summary>Running -> Queued: its worker is lost. The stages it finished stay, the old token is worth nothing from here on.</summary>
    public void Recover()
    {
        Demand("recovered", RunStatus.Running);
        Status = RunStatus.Queued;
        Token++;
        ClearLease();
    }

    private void End(string verb, RunStatus target, DateTimeOffset now, params ReadOnlySpan<RunStatus> from)
    {
        Demand(verb, from);
        Status = target;
        EndedAt = now;
        ClearLease();
    }

    private void ClearLease()
    {
        LeaseOwner = null;
        LeaseExpiresAt = null;
    }

    private void Demand(string verb, params ReadOnlySpan<RunStatus> from)
    {
        if (!from.Contains(Status))
        {
            var expected = string.Join(" or ", from.ToArray().Select(status => status.ToString().ToLowerInvariant()));
            throw new IllegalMoveException($"Run {Id} is {Status.ToString().ToLowerInvariant()} and cannot be {verb}: it would have to be {expected}.");
        }
    }
}

/// <summary>What a completed run leaves behind. Digests are 64 hexadecimal digits.</summary>
/// <param name="Verdict">Signed when the run ends and not with its last stage, whose output is the same each time. Without it nobody can approve.</param>
public sealed record RunOutcome(
    string EvidenceDigest, string EvidenceArtifact, string PatchDigest, string ResultDigest, double ChosenDose, bool GatesPassed,
    SignedVerdict? Verdict = null);
