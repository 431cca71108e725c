using System.Text.Json;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Web.Requests;

/// <summary>Events of the history as sentences.</summary>
internal static class EventText
{
    public static string Sentence(AuditEvent entry)
    {
        var verb = entry.Action == "run.stage-finished" && StageOf(entry.Payload) is { } stage ? $"finished: {StageText.Name(stage).ToLowerInvariant()}" : Verb(entry.Action);
        return verb is null ? $"{entry.ActorName}: {entry.Action}" : $"{entry.ActorName} {verb}";
    }

    /// <summary>The style class of an event's mark.</summary>
    public static string Tone(string action) => action[(action.LastIndexOf('.') + 1)..] switch
    {
        "completed" or "approved" or "released" or "stage-finished" => "ok",
        "failed" or "rejected" or "revoked" or "cancelled" or "refused" or "denied" => "bad",
        _ => "",
    };

    private static RunStage? StageOf(string payload)
    {
        using var document = JsonDocument.Parse(payload);
        return document.RootElement.TryGetProperty("stage", out var name) && Enum.TryParse<RunStage>(name.ToString(), ignoreCase: true, out var stage) ? stage : null;
    }

    private static string? Verb(string action) => action switch
    {
        "request.filed" or "request.drafted" => "wrote the request",
        "request.revised" => "changed the request",
        "request.submitted" => "submitted the request",
        "request.cancelled" => "cancelled the request",
        "run.queued" or "run.started" => "started a run",
        "run.claimed" => "took the run",
        "run.recovered" => "put the run of a lost worker back into the queue",
        "run.stage-finished" => "finished a stage",
        "run.stage-replaced" => "made the lost output of a stage again",
        "run.completed" => "completed the run",
        "run.failed" => "ended the run with an error",
        "run.cancelled" => "stopped the run",
        "run.cancel-requested" => "asked the run to stop",
        "red-team.ordered" => "called the red team",
        "red-team.claimed" => "began the red team's probes",
        "red-team.completed" => "completed the red team's probes",
        "red-team.failed" => "ended the red team's probes with an error",
        "red-team.cancelled" => "stopped the red team",
        "red-team.cancel-requested" => "asked the red team to stop",
        "red-team.recovered" => "put the red team's order of a lost worker back into the queue",
        "blind.started" => "began a blind judgement",
        "blind.finished" => "finished a blind judgement",
        "image.revealed" => "revealed veiled images",
        "decision.approved" or "request.approved" => "approved the evidence",
        "decision.rejected" or "request.rejected" => "rejected the request",
        "decision.changes-requested" or "request.changes-requested" => "sent the request back",
        "decision.denied" or "decision.refused" => "tried to decide and was refused",
        "review.claimed" => "took the request for review",
        "review.handed-over" => "handed the review over",
        "review.held" => "put the review on hold",
        "review.given-back" => "gave the review back",
        "worker-key.registered" => "registered a worker's key",
        "worker-key.withdrawn" => "withdrew a worker's key",
        "worker-key.restored" => "trusted a worker's key again",
        "evidence.exported" => "took a copy of the evidence",
        "waiver.granted" => "waived the failed gates",
        "release.published" or "request.released" or "release.created" => "released the patch",
        "release.revoked" => "revoked the release",
        "alias.moved" => "moved an alias",
        "model.registered" => "registered a model",
        "account.password-changed" => "changed the password",
        "policy.changed" => "changed the policy",
        _ => null,
    };
}
