using System.Text.Json;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Web.Requests;

/// <summary>Events of requests and of worker keys as sentences.</summary>
internal static class EventText
{
    public static string Sentence(AuditEvent entry) => entry.Action == "run.stage-finished" && StageOf(entry.Payload) is { } stage
        ? $"{entry.ActorName} finished: {StageText.Name(stage).ToLowerInvariant()}"
        : AuditActions.TextOf(entry.Action) is { } text ? $"{entry.ActorName} {text}" : $"{entry.ActorName}: {entry.Action}";

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
}
