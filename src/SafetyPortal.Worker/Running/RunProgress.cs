using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Running;

/// <summary>Progress of a run.</summary>
/// <param name="Step">Steps finished in the stage, 0..<paramref name="Steps"/>.</param>
/// <param name="Steps">Steps in the stage; 0 when not known.</param>
/// <param name="Message">What is at work, in a few words.</param>
/// <param name="Preview">The newest image as PNG; null keeps the last one.</param>
public sealed record RunProgress(RunStage Stage, int Step, int Steps, string? Message = null, byte[]? Preview = null);
