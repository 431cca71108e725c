using SafetyPortal.Diffusion.Runtime;
using System.Reflection;
using SafetyPortal.Requests.Evidence;

namespace SafetyPortal.Worker.Stages;

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
