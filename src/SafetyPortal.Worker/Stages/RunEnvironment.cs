using System.Reflection;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Worker.Models;

namespace SafetyPortal.Worker.Stages;

/// <summary>What this process computes with.</summary>
internal static class RunEnvironment
{
    public static EvidenceEnvironment Of(WorkerOptions options) => new(
        typeof(RunEnvironment).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0",
        TorchLibrary.Version,
        options.Device,
        options.Threads,
        "float32");
}
