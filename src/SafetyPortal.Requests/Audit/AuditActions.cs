using System.Collections.Frozen;
using SafetyPortal.Requests.Approval;

namespace SafetyPortal.Requests.Audit;

/// <summary>The kinds of events, with what a page says that the actor did.</summary>
public static class AuditActions
{
    private static readonly FrozenDictionary<string, string> Texts = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["request.filed"] = "wrote the request",
        ["request.revised"] = "changed the request",
        ["request.submitted"] = "submitted the request",
        ["request.cancelled"] = "cancelled the request",
        ["run.queued"] = "started a run",
        ["run.retried"] = "started the run again",
        ["run.claimed"] = "took the run",
        ["run.recovered"] = "put the run of a lost worker back into the queue",
        ["run.stage-finished"] = "finished a stage",
        ["run.stage-replaced"] = "made the lost output of a stage again",
        ["run.completed"] = "completed the run",
        ["run.failed"] = "ended the run with an error",
        ["run.cancelled"] = "stopped the run",
        ["run.cancel-requested"] = "asked the run to stop",
        ["red-team.ordered"] = "ordered probes",
        ["red-team.claimed"] = "began the ordered probes",
        ["red-team.recovered"] = "put the order of a lost worker back into the queue",
        ["red-team.completed"] = "completed the ordered probes",
        ["red-team.failed"] = "ended the ordered probes with an error",
        ["red-team.cancelled"] = "stopped the ordered probes",
        ["red-team.cancel-requested"] = "asked the ordered probes to stop",
        ["blind.started"] = "began a blind judgement",
        ["blind.finished"] = "finished a blind judgement",
        ["image.revealed"] = "revealed veiled images",
        ["review.claimed"] = "took the request for review",
        ["review.handed-over"] = "handed the review over",
        ["review.held"] = "put the review on hold",
        ["review.given-back"] = "gave the review back",
        ["decision.approved"] = "approved the evidence",
        ["decision.rejected"] = "rejected the request",
        ["decision.changes-requested"] = "sent the request back",
        ["decision.denied"] = "tried to decide and was refused",
        ["waiver.granted"] = "waived the failed gates",
        ["waiver.denied"] = "tried to waive the failed gates and was refused",
        ["evidence.exported"] = "took a copy of the evidence",
        ["release.published"] = "released the patch",
        ["release.superseded"] = "replaced the release by a later one",
        ["release.revoked"] = "revoked the release",
        ["alias.moved"] = "moved an alias",
        ["model.registered"] = "registered a model",
        ["policy.changed"] = "changed the policy",
        ["worker-key.registered"] = "registered a worker's key",
        ["worker-key.withdrawn"] = "withdrew a worker's key",
        ["worker-key.restored"] = "trusted a worker's key again",
        ["account.created"] = "created an account",
        ["account.role-granted"] = "gave an account a role",
        ["account.role-withdrawn"] = "took a role from an account",
        ["account.locked"] = "locked an account",
        ["account.unlocked"] = "unlocked an account",
        ["account.password-changed"] = "changed the password",
        ["history.exported"] = "took a copy of the history",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Returns what the actor of an event did, for example "approved the evidence"; null for an unknown action.</summary>
    public static string? TextOf(string action) => Texts.GetValueOrDefault(action);

    internal static string Of(DecisionKind kind) => kind switch
    {
        DecisionKind.Approve => "decision.approved",
        DecisionKind.Reject => "decision.rejected",
        DecisionKind.RequestChanges => "decision.changes-requested",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Expected a decision to approve, reject or request changes."),
    };
}
