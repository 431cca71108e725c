using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Erasure.Faithfulness;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Trials.Edits;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Worker.Stages;

/// <summary>
/// Settings that shape results besides the request and <see cref="Requests.Evidence.EvidenceMethod"/>'s own numbers, from the worker's configuration when the
/// run began. A resumed run uses these, whatever its process is configured with.
/// </summary>
internal sealed record RunSettings(
    EvaluationSize Images,
    EvaluationSize ControlImages,
    EvaluationSize SearchImages,
    bool StopAtFirstPass,
    EditEffort Effort,
    FaithfulnessSettings Faithfulness,
    RedTeamOptions RedTeam)
{
    public static RunSettings Of(WorkerOptions options, long seed) => new(
        options.Images,
        options.ControlImages,
        options.SearchImages,
        options.StopAtFirstPass,
        options.Effort,
        options.Faithfulness with { Seed = seed },
        options.RedTeam);

    /// <summary>As evidence holds them.</summary>
    public JsonObject ToJson() => JsonSerializer.SerializeToNode(this, CanonicalJson.Options)!.AsObject();
}

/// <summary>What this process computes with.</summary>
internal static class RunEnvironment
{
    public static EvidenceEnvironment Of(WorkerOptions options) => new(
        typeof(RunEnvironment).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0",
        Libtorch.Description,
        options.Device,
        options.Threads,
        "float32");
}
