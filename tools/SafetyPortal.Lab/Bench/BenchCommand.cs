using System.CommandLine;
using SafetyPortal.Cli.Commands;
using SafetyPortal.Cli.Output;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Bench;

/// <summary><c>portal bench</c>: measurements, and what they are made on.</summary>
public static class BenchCommand
{
    private const string Demo = "demo";

    public static Command Create()
    {
        var json = CommonOptions.Json();
        var threads = CommonOptions.Threads();
        var device = CommonOptions.Device();
        var dtype = CommonOptions.Dtype();
        var preset = new Option<string>("--preset")
        {
            Description = $"demo, or a model of random weights, made once in data/bench: {string.Join(", ", MakeModelPreset.Names)}.",
            DefaultValueFactory = _ => Demo,
        }.AcceptOnlyFromAmong([Demo, .. MakeModelPreset.Names]);
        var model = new Option<DirectoryInfo?>("--model") { Description = "Model folder to measure instead of a preset." };
        var cases = new Option<string[]>("--case")
        {
            Description = $"Case to measure; may be repeated. Default: all but generate-200. {string.Join(", ", BenchCases.Names)}.",
        };
        cases.AcceptOnlyFromAmong([.. BenchCases.Names]);
        var repeat = CommonOptions.Number("--repeat", "Measurements of each short case, after one that does not count.", 3);
        var steps = CommonOptions.Number("--steps", "DDIM steps of the attribution.", 50, most: 1000);
        var generation = CommonOptions.Number("--generation-steps", "DDIM steps of a generated image.", 25, most: 1000);
        var loop = CommonOptions.Number("--loop-steps", "Steps of the restart sampler to run; the time of all --steps is computed from them.", 4, most: 1000);
        var reference = new Option<FileInfo?>("--reference") { Description = "Measurements of the same model by benchmarks/reference.py, to print as well." };
        var output = new Option<FileInfo?>("--out", "-o") { Description = "JSON file to write the measurements to as well." };
        var command = new Command("bench", "Measure this program, and make the models to measure it on.")
        {
            preset, model, cases, repeat, steps, generation, loop, reference, output, device, dtype, threads, json,
        };
        command.Add(MakeModelCommand.Create());
        command.SetGuardedAction(json, async (parsed, cancellation) =>
        {
            var beside = parsed.GetValue(reference) is { } file ? BenchReport.Read(file.FullName) : null;
            var chosen = parsed.GetValue(cases) is { Length: > 0 } some ? some : [.. BenchCases.DefaultNames];
            var settings = new BenchSettings(
                parsed.GetValue(repeat),
                parsed.GetValue(steps),
                parsed.GetValue(generation),
                parsed.GetValue(loop),
                parsed.GetValue(device)!,
                parsed.GetValue(dtype)!);
            var report = await ProgressDisplay.RunTorch(parsed.GetValue(json), parsed.GetValue(threads), progress =>
            {
                var folder = parsed.GetValue(model)?.FullName ?? Folder(parsed.GetValue(preset)!, cancellation);
                using var bench = new BenchCases(folder, settings, progress, cancellation);
                return bench.Run(chosen, parsed.GetValue(threads));
            });
            if (parsed.GetValue(output) is { } target)
                await File.WriteAllTextAsync(target.FullName, JsonText.Of(report), cancellation);
            JsonText.Print(parsed.GetValue(json), report, () => report.ToTable(beside));
            return ExitCode.Success;
        });
        return command;
    }

    // The embedded model, or a folder of random weights, which the first call writes.
    private static string Folder(string preset, CancellationToken cancellation)
    {
        if (preset == Demo)
            return EmbeddedModel.Folder;
        var folder = Path.GetFullPath(Path.Combine("data", "bench", preset));
        if (!File.Exists(Path.Combine(folder, "model_index.json")))
            MakeModelFolder.Write(MakeModelPreset.Read(preset), folder, ScalarType.Float32, seed: 0, shards: 1, tokenizer: null, cancellation);
        return folder;
    }
}
