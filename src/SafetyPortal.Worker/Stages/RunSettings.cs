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
/// The worker's settings when the run began that shape results and are not in <see cref="Requests.Evidence.EvidenceMethod"/>. A resumed run uses these,
/// whatever the settings of its process.
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

    /// <summary>Returns the settings as evidence holds them.</summary>
    public JsonObject ToJson() => JsonSerializer.SerializeToNode(this, CanonicalJson.Options)!.AsObject();

    /// <summary>Returns names and values of the settings that a run began with and <paramref name="options"/> has otherwise; null if there are none.</summary>
    public static string? Otherwise(LoadOutput began, WorkerOptions options)
    {
        var method = began.Method with
        {
            AttributionSteps = options.AttributionSteps,
            AttributionSeeds = options.AttributionSeeds,
            ImageSteps = options.ImageSteps,
            ImageGuidance = options.ImageGuidance,
            BatchSize = options.BatchSize,
            ImageScheduler = options.ImageScheduler,
        };
        var other = Values(began.Method, began.Settings).Except(Values(method, Of(options, began.Settings.Faithfulness.Seed)), StringComparer.Ordinal).ToList();
        return other.Count == 0 ? null : string.Join(", ", other);

        static IEnumerable<string> Values(EvidenceMethod method, RunSettings settings) =>
            Leaves(JsonSerializer.SerializeToNode(method, CanonicalJson.Options), []).Concat(Leaves(settings.ToJson(), []));

        static IEnumerable<string> Leaves(JsonNode? node, IEnumerable<string> path) => node is JsonObject members
            ? members.SelectMany(member => Leaves(member.Value, path.Append(member.Key)))
            : [$"{string.Join('.', path)} {node?.ToJsonString() ?? "unset"}"];
    }
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
