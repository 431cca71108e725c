using SafetyPortal.Cli.Output;
using SafetyPortal.Lab.DemoWorld.Stages;
using SafetyPortal.Lab.DemoWorld.Training;

namespace SafetyPortal.Lab.TrainDemo;

/// <summary>Prints a training run: one line per report, or one JSON object at the end.</summary>
public sealed class TrainDemoOutput(bool json) : IProgress<TrainingProgress>
{
    private readonly Dictionary<string, object> results = new(StringComparer.Ordinal);

    public void Report(TrainingProgress value) => Console.Error.WriteLine(
        $"{TimeProvider.System.GetLocalNow():HH:mm:ss} {value.Name} {value.Step}/{value.Steps} loss {value.Loss:f4} "
        + $"lr {value.LearningRate:g3} left {value.Left:hh\\:mm\\:ss}");

    public void Finished(string stage, TrainingResult result)
    {
        // A stage that was complete already reports no loss.
        double? loss = double.IsNaN(result.Loss) ? null : Math.Round(result.Loss, 4);
        Add(
            stage,
            new { result.Step, loss, Seconds = Math.Round(result.Spent.TotalSeconds, 4) },
            $"{stage}: {result.Step} steps, loss {result.Loss:f4}, {result.Spent:hh\\:mm\\:ss} of training");
    }

    public void Wrote(string what, string path) => Add(what, path, $"{what}: {path}");

    public void Measured(DemoReport report) => Add("report", report, JsonText.Of(report));

    /// <summary>Prints the JSON object of a run that came to its end.</summary>
    public void Complete()
    {
        if (json)
            Console.Out.WriteLine(JsonText.Of(results));
    }

    private void Add(string key, object result, string text)
    {
        results[key] = result;
        if (!json)
            Console.Out.WriteLine(text);
    }
}
