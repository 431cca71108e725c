using System.Text.Json;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Web.Requests;

/// <summary>Events of requests and of worker keys as sentences.</summary>
internal static class EventText
{
    public static string Sentence(AuditEvent entry) => entry.Action == "run.stage-finished" && StageOf(entry.Payload) is { } stage
        ? $"{entry.ActorName} finished: {StageText.Name(stage).ToLowerInvariant()}"
        : Verb(entry.Action) is { } verb ? $"{entry.ActorName} {verb}" : $"{entry.ActorName}: {entry.Action}";

    /// <summary>Returns the style class of an event's mark.</summary>
    public static string Tone(string action) => action[(action.LastIndexOf('.') + 1)..] switch
    {
        "completed" or "approved" or "published" or "stage-finished" => "ok",
        "failed" or "rejected" or "revoked" or "cancelled" or "denied" => "bad",
        _ => "",
    };

    private static RunStage? StageOf(string payload)
    {
        using var document = JsonDocument.Parse(payload);
        return document.RootElement.TryGetProperty("stage", out var name) && Enum.TryParse<RunStage>(name.GetString(), out var stage) ? stage : null;
    }

    private static string? Verb(string action) => action switch
    {
        "request.filed" => "wrote the request",
        "request.revised" => "changed the request",
        "request.submitted" => "submitted the request",
        "request.cancelled" => "cancelled the request",
        "run.queued" => "started a run",
        "run.retried" => "started the run again",
        "run.claimed" => "took the run",
        "run.recovered" => "put the run of a lost worker back into the queue",
        "run.stage-replaced" => "made the lost output of a stage again",
        "run.completed" => "completed the run",
        "run.failed" => "ended the run with an error",
        "run.cancelled" => "stopped the run",
        "run.cancel-requested" => "asked the run to stop",
        "red-team.ordered" => "ordered probes",
        "red-team.claimed" => "began the ordered probes",
        "red-team.completed" => "completed the ordered probes",
        "red-team.failed" => "ended the ordered probes with an error",
        "red-team.cancelled" => "stopped the ordered probes",
        "red-team.cancel-requested" => "asked the ordered probes to stop",
        "red-team.recovered" => "put the order of a lost worker back into the queue",
        "blind.started" => "began a blind judgement",
        "blind.finished" => "finished a blind judgement",
        "image.revealed" => "revealed veiled images",
        "decision.approved" => "approved the evidence",
        "decision.rejected" => "rejected the request",
        "decision.changes-requested" => "sent the request back",
        "decision.denied" => "tried to decide and was refused",
        "waiver.granted" => "waived the failed gates",
        "waiver.denied" => "tried to waive the failed gates and was refused",
        "review.claimed" => "took the request for review",
        "review.handed-over" => "handed the review over",
        "review.held" => "put the review on hold",
        "review.given-back" => "gave the review back",
        "worker-key.registered" => "registered a worker's key",
        "worker-key.withdrawn" => "withdrew a worker's key",
        "worker-key.restored" => "trusted a worker's key again",
        "evidence.exported" => "took a copy of the evidence",
        "release.published" => "released the patch",
        "release.superseded" => "replaced the release by a later one",
        "release.revoked" => "revoked the release",
        _ => null,
    };
}
