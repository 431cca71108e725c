using SafetyPortal.Cli.Output;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Cli.Once;

/// <summary>Shows the progress of a run on the terminal.</summary>
internal sealed class RunProgressRelay(IProgress<WorkStep> progress) : IProgress<RunProgress>
{
    public void Report(RunProgress value) =>
        progress.Report(new WorkStep(value.Stage.ToString().ToLowerInvariant(), value.Step, value.Steps, value.Message));
}
