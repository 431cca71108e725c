using System.CommandLine;
using SafetyPortal.Cli.Commands;
using SafetyPortal.Cli.Output;
using SafetyPortal.Lab.DemoWorld;
using SafetyPortal.Lab.DemoWorld.Stages;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.TrainDemo;

/// <summary><c>portal train-demo</c>: makes the embedded model from its artwork.</summary>
public static class TrainDemoCommand
{
    private const string All = "all";
    private const string Export = "export";
    private const string Report = "report";
    private const string Sheet = "sheet";

    public static Command Create()
    {
        var json = CommonOptions.Json();
        var outFolder = Text("--out", "Model folder to write.", "models/demo");
        var work = Text("--work", "Folder for checkpoints, loss curves and sample sheets.", "artifacts/train-demo");
        var artwork = Text("--artwork", "Folder with noto/, twemoji/ and fluent/.", "models/demo-artwork");
        string[] stages = [.. DemoTraining.Stages, Export, Report, Sheet, All];
        var stage = Text("--stage", $"One of {string.Join(", ", stages)}.", All).AcceptOnlyFromAmong(stages);
        var steps = CommonOptions.OptionalNumber("--steps", "Optimizer steps of the stage, those before a resume included.", 1, 10_000_000);
        var minutes = new Option<double?>("--minutes") { Description = "Ends the stage's schedule after so much training time." };
        var seed = CommonOptions.Seed(1);
        var threads = CommonOptions.Number("--threads", "Cores to use.", Math.Min(Environment.ProcessorCount, 4), most: 1024);
        var compute = Text("--compute", "bf16, f32 or auto (bf16 where the processor multiplies it natively).", "auto");
        compute.AcceptOnlyFromAmong("auto", "bf16", "f32");
        var perCell = CommonOptions.Number("--per-cell", "Pictures the report generates per object and style; 0 for none.", 4, least: 0);
        var command = new Command("train-demo", "Train the embedded model from its artwork: about two hours on two cores. Continues where it stopped.")
        {
            outFolder, work, artwork, stage, steps, minutes, seed, threads, compute, perCell, json,
        };
        command.SetGuardedAction(json, (arguments, cancel) =>
        {
            var output = new TrainDemoOutput(arguments.GetValue(json));
            using var context = new StageContext(
                new DemoRecipe(),
                arguments.GetValue(artwork)!,
                arguments.GetValue(work)!,
                arguments.GetValue(threads),
                ComputeOf(arguments.GetValue(compute)!),
                output);
            var chosen = arguments.GetValue(stage)!;
            TimeSpan? budget = arguments.GetValue(minutes) is { } m ? TimeSpan.FromMinutes(m) : null;
            foreach (var name in DemoTraining.Stages.Where(s => chosen is All || s == chosen))
                output.Finished(name, DemoTraining.Train(context, name, arguments.GetValue(steps), arguments.GetValue(seed), budget, sheets: true, cancel));
            if (chosen is All or Sheet)
                output.Wrote("sheet", DemoTraining.DrawSheet(context, "sheet", arguments.GetValue(seed)));
            if (chosen is All or Export)
            {
                ExportStage.Write(context, arguments.GetValue(outFolder)!);
                output.Wrote("model", Path.GetFullPath(arguments.GetValue(outFolder)!));
            }

            if (chosen is All or Report)
                output.Measured(DemoReport.Measure(context, arguments.GetValue(perCell)));
            output.Complete();
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static Option<string> Text(string name, string description, string fallback) =>
        new(name) { Description = description, DefaultValueFactory = _ => fallback };

    private static ScalarType ComputeOf(string name) => name switch
    {
        "bf16" => ScalarType.BFloat16,
        "f32" => ScalarType.Float32,
        _ => HasNativeBFloat16() ? ScalarType.BFloat16 : ScalarType.Float32,
    };

    // .NET has no query for AMX or AVX512-BF16, so this reads the kernel's list of processor flags.
    private static bool HasNativeBFloat16() =>
        File.Exists("/proc/cpuinfo")
        && File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("flags", StringComparison.Ordinal)) is { } flags
        && (flags.Contains("amx_bf16", StringComparison.Ordinal) || flags.Contains("avx512_bf16", StringComparison.Ordinal));
}
