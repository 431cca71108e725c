using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Models;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Requests;

/// <summary>
/// A request to remove one concept from one model, from draft to release.
/// <see cref="Status"/> changes only through the methods here; each throws <see cref="IllegalMoveException"/> when the status allows no such move.
/// </summary>
public sealed class EraseRequest : IVersioned, IAudited
{
    private EraseRequest()
    {
    }

    public long Id { get; private set; }

    /// <summary>The model from which the concept is to be erased.</summary>
    public long ModelVersionId { get; private set; }

    public ModelVersion? ModelVersion { get; private set; }

    public ConceptKind ConceptKind { get; private set; }

    public string ConceptName { get; private set; } = "";

    /// <summary>The name by which the portal finds duplicates; see <see cref="Findings.ConceptName.KeyOf"/>.</summary>
    public string ConceptKey { get; private set; } = "";

    public List<string> Synonyms { get; private set; } = [];

    /// <summary>Prompts that show the concept, at least one.</summary>
    public List<string> ConceptPrompts { get; private set; } = [];

    /// <summary>What should remain: one prompt for all, or one per concept prompt in the same order.</summary>
    public List<string> BasePrompts { get; private set; } = [];

    public AblationScope Scope { get; private set; }

    public EraseMethod Method { get; private set; }

    /// <summary>Shares of weights to edit, ascending, each in (0, 0.5].</summary>
    public List<double> Doses { get; private set; } = [];

    /// <summary>Seed of the attribution and of the evaluation images.</summary>
    public long Seed { get; private set; }

    /// <summary>Name of the evaluation set that measures the result.</summary>
    public string EvaluationSet { get; private set; } = "default";

    public string Justification { get; private set; } = "";

    public RequestPriority Priority { get; private set; }

    /// <summary>Artifact digests of reference pictures. No run uses them.</summary>
    public List<string> ReferenceImages { get; private set; } = [];

    public string RequesterId { get; private set; } = "";

    public string RequesterName { get; private set; } = "";

    public RequestStatus Status { get; private set; }

    /// <summary>The newest run; null before the first.</summary>
    public long? CurrentRunId { get; private set; }

    public Run? CurrentRun { get; private set; }

    public List<Run> Runs { get; private set; } = [];

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>Time of the last move or edit.</summary>
    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>Why it was rejected, sent back or revoked, or why its run failed; null otherwise.</summary>
    public string? StatusNote { get; private set; }

    /// <summary>Random hexadecimal salt of the digests by which the history names texts; see <see cref="Filing.PromptDigest"/>.</summary>
    public string PromptSalt { get; private set; } = "";

    public long Version { get; set; }

    /// <summary>Returns a new draft. <paramref name="content"/> must have passed <see cref="RequestContent.Problems"/>.</summary>
    public static EraseRequest File(RequestContent content, string requesterId, string requesterName, string promptSalt, DateTimeOffset now)
    {
        var request = new EraseRequest
        {
            RequesterId = requesterId,
            RequesterName = requesterName,
            PromptSalt = promptSalt,
            CreatedAt = now,
            Status = RequestStatus.Draft,
        };
        request.Fill(content, now);
        return request;
    }

    /// <summary>Replaces the content of a draft or of a request that was sent back.</summary>
    public void Revise(RequestContent content, DateTimeOffset now)
    {
        IllegalMoveException.ThrowUnless($"Request {Id}", "revised", Status, RequestStatus.Draft, RequestStatus.ChangesRequested);
        Fill(content, now);
    }

    /// <summary>Draft -> Submitted.</summary>
    public void Submit(DateTimeOffset now) => Move("submitted", RequestStatus.Submitted, now, null, RequestStatus.Draft);

    /// <summary>Submitted, Failed or ChangesRequested -> Queued, with a new run.</summary>
    public void Queue(Run run, DateTimeOffset now)
    {
        Move("queued", RequestStatus.Queued, now, null, RequestStatus.Submitted, RequestStatus.Failed, RequestStatus.ChangesRequested);
        Runs.Add(run);
        CurrentRun = run;
    }

    /// <summary>Queued -> Running, when a worker takes the run.</summary>
    public void Begin(DateTimeOffset now) => Move("started", RequestStatus.Running, now, null, RequestStatus.Queued);

    /// <summary>Running -> AwaitingDecision, when the evidence is complete.</summary>
    public void AwaitDecision(DateTimeOffset now) => Move("put up for decision", RequestStatus.AwaitingDecision, now, null, RequestStatus.Running);

    /// <summary>AwaitingDecision -> Approved, when the quorum is met.</summary>
    public void Approve(DateTimeOffset now) => Move("approved", RequestStatus.Approved, now, null, RequestStatus.AwaitingDecision);

    /// <summary>AwaitingDecision -> Rejected.</summary>
    public void Reject(string reason, DateTimeOffset now) => Move("rejected", RequestStatus.Rejected, now, reason, RequestStatus.AwaitingDecision);

    /// <summary>AwaitingDecision -> ChangesRequested.</summary>
    public void RequestChanges(string reason, DateTimeOffset now) =>
        Move("sent back", RequestStatus.ChangesRequested, now, reason, RequestStatus.AwaitingDecision);

    /// <summary>Approved -> Released.</summary>
    public void Release(DateTimeOffset now) => Move("released", RequestStatus.Released, now, null, RequestStatus.Approved);

    /// <summary>Released -> Superseded, when a later release for the same model and concept takes over.</summary>
    public void Supersede(DateTimeOffset now) => Move("superseded", RequestStatus.Superseded, now, null, RequestStatus.Released);

    /// <summary>Released or Superseded -> Revoked.</summary>
    public void Revoke(string reason, DateTimeOffset now) =>
        Move("revoked", RequestStatus.Revoked, now, reason, RequestStatus.Released, RequestStatus.Superseded);

    /// <summary>Queued or Running -> Failed.</summary>
    public void Fail(string error, DateTimeOffset now) =>
        Move("marked as failed", RequestStatus.Failed, now, error, RequestStatus.Queued, RequestStatus.Running);

    /// <summary>Any status before a decision -> Cancelled.</summary>
    public void Cancel(DateTimeOffset now) => Move(
        "cancelled", RequestStatus.Cancelled, now, null,
        RequestStatus.Draft, RequestStatus.Submitted, RequestStatus.Queued, RequestStatus.Running,
        RequestStatus.AwaitingDecision, RequestStatus.Failed, RequestStatus.ChangesRequested);

    private void Move(string verb, RequestStatus target, DateTimeOffset now, string? note, params ReadOnlySpan<RequestStatus> from)
    {
        IllegalMoveException.ThrowUnless($"Request {Id}", verb, Status, from);
        (Status, StatusNote, UpdatedAt) = (target, note, now);
    }

    private void Fill(RequestContent content, DateTimeOffset now)
    {
        ModelVersionId = content.ModelVersionId;
        ConceptKind = content.ConceptKind;
        ConceptName = content.ConceptName.Trim();
        ConceptKey = Findings.ConceptName.KeyOf(content.ConceptName);
        Synonyms = [.. content.Synonyms.Select(s => s.Trim())];
        ConceptPrompts = [.. content.ConceptPrompts.Select(p => p.Trim())];
        BasePrompts = [.. content.ResolveBasePrompts()];
        Scope = content.Scope ?? Findings.ConceptPrompts.DefaultScope(content.ConceptKind);
        Method = content.Method;
        Doses = [.. content.Doses.Order()];
        Seed = content.Seed;
        EvaluationSet = content.EvaluationSet;
        Justification = content.Justification.Trim();
        Priority = content.Priority;
        ReferenceImages = [.. content.ReferenceImages];
        UpdatedAt = now;
    }
}
