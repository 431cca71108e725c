using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SafetyPortal.Lab.DemoWorld.Stages;
using SafetyPortal.Lab.DemoWorld.Training;

namespace SafetyPortal.Lab.TrainDemo;

/// <summary>Prints a training run: one line per report, or one JSON object at the end.</summary>
public sealed class TrainDemoOutput(bool json, TimeProvider clock) : IProgress<TrainingProgress>
{
    private readonly JsonObject _result = [];

    public void Report(TrainingProgress value)
    {
        var time = clock.GetLocalNow().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        Console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{time} {value.Name} {value.Step}/{value.Steps} loss {value.Loss:f4} lr {value.LearningRate:g3} left {value.Left:hh\\:mm\\:ss}"));
    }

    public void Finished(string stage, TrainingResult result)
    {
        _result[stage] = new JsonObject { ["step"] = result.Step, ["loss"] = Number(result.Loss), ["seconds"] = Number(result.Spent.TotalSeconds) };
        Line(string.Create(CultureInfo.InvariantCulture, $"{stage}: {result.Step} steps, loss {result.Loss:f4}, {result.Spent:hh\\:mm\\:ss} of training"));
    }

    public void Wrote(string what, string path)
    {
        _result[what] = path;
        Line($"{what}: {path}");
    }

    public void Measured(DemoReport report)
    {
        var figures = new JsonObject
        {
            ["autoencoderPsnr"] = report.AutoencoderPsnr is { } psnr ? Number(psnr) : null,
            ["judgeOnRenders"] = Pair(report.Judge),
            ["clipOnRenders"] = Pair(report.Clip),
            ["generatedByClass"] = Shares(report.GeneratedByClass),
            ["generatedByStyle"] = Shares(report.GeneratedByStyle),
        };
        Line(figures.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        _result["report"] = figures;
    }

    /// <summary>Prints the JSON object, of a run that came to its end.</summary>
    public void Complete()
    {
        if (json)
            Console.Out.WriteLine(_result.ToJsonString());
    }

    private void Line(string text)
    {
        if (!json)
            Console.Out.WriteLine(text);
    }

    private static JsonObject? Pair((double Class, double Style)? value) =>
        value is { } v ? new JsonObject { ["class"] = Number(v.Class), ["style"] = Number(v.Style) } : null;

    private static JsonObject Shares(IReadOnlyDictionary<string, double> shares)
    {
        var result = new JsonObject();
        foreach (var (name, share) in shares)
            result[name] = Number(share);
        return result;
    }

    // JSON has no NaN: a stage that was already complete reports no loss.
    private static JsonNode? Number(double value) => double.IsFinite(value) ? JsonValue.Create(Math.Round(value, 4)) : null;
}
