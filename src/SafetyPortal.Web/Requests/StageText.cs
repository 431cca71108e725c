using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Web.Requests;

/// <summary>The stages of a run in the words of the pages.</summary>
internal static class StageText
{
    public static string Name(RunStage stage) => stage switch
    {
        RunStage.Load => "Load the model",
        RunStage.Baseline => "Draw with the unedited model",
        RunStage.Attribute => "Find the weights that carry the concept",
        RunStage.Ablate => "Change them, dose by dose",
        RunStage.Generate => "Draw the same prompts again",
        RunStage.Measure => "Measure what changed",
        RunStage.RedTeam => "Try to bring the concept back",
        RunStage.Evidence => "Put the evidence together",
        _ => stage.ToString(),
    };

    /// <summary>Returns one line for lists; empty if there is no run or it has ended.</summary>
    public static string Short(Run? run) => run switch
    {
        { Status: RunStatus.Queued } => "waiting for a worker",
        { Status: RunStatus.Running, Steps: > 0 } => $"{Name(run.Stage)}, {run.Step} of {run.Steps}",
        { Status: RunStatus.Running } => Name(run.Stage),
        _ => "",
    };

    /// <summary>Returns the time left in the present stage at its speed so far; null during its first two seconds and first step.</summary>
    public static TimeSpan? TimeLeft(Run run, DateTimeOffset now)
    {
        if (run is not { Status: RunStatus.Running, Steps: > 0, Step: > 0, StageStartedAt: { } started } || now - started < TimeSpan.FromSeconds(2))
            return null;
        return (now - started) / run.Step * (run.Steps - run.Step);
    }

    public static string Duration(TimeSpan time) => time switch
    {
        { TotalSeconds: < 1 } => "under a second",
        { TotalMinutes: < 1 } => $"{time.TotalSeconds:0} s",
        { TotalHours: < 1 } => $"{(int)time.TotalMinutes} min {time.Seconds} s",
        _ => $"{(int)time.TotalHours} h {time.Minutes} min",
    };
}
