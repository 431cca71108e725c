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
        var outFolder = new Option<string>("--out") { Description = "Model folder to write", DefaultValueFactory = _ => "models/demo" };
        var work = new Option<string>("--work") { Description = "Checkpoints, loss curves and sample sheets", DefaultValueFactory = _ => "artifacts/train-demo" };
        var artwork = new Option<string>("--artwork") { Description = "Folder with noto/, twemoji/ and fluent/", DefaultValueFactory = _ => "models/demo-artwork" };
        var stage = new Option<string>("--stage") { Description = $"{string.Join(", ", DemoTraining.Stages)}, {Export}, {Report}, {Sheet} or {All}", DefaultValueFactory = _ => All };
        stage.AcceptOnlyFromAmong([.. DemoTraining.Stages, Export, Report, Sheet, All]);
        var steps = new Option<long?>("--steps") { Description = "Optimizer steps of the stage, those before a resume included" };
        var minutes = new Option<double?>("--minutes") { Description = "Ends the stage's schedule after so much training time" };
        var seed = new Option<long>("--seed") { Description = "Seed of initial weights, batches and noise", DefaultValueFactory = _ => 1 };
        var threads = new Option<int>("--threads") { Description = "Cores to use", DefaultValueFactory = _ => Math.Min(Environment.ProcessorCount, 4) };
        var compute = new Option<string>("--compute") { Description = "bf16, f32 or auto (bf16 where the processor multiplies it natively)", DefaultValueFactory = _ => "auto" };
        compute.AcceptOnlyFromAmong("auto", "bf16", "f32");
        var perCell = new Option<int>("--per-cell") { Description = "Pictures the report generates per object and style; 0 for none", DefaultValueFactory = _ => 4 };
        var json = CommonOptions.Json();
        var command = new Command("train-demo", "Train the embedded model from its artwork (about two hours on two cores; resumes where it stopped)")
        {
            outFolder, work, artwork, stage, steps, minutes, seed, threads, compute, perCell, json,
        };
        command.SetGuardedAction(
            json,
            (arguments, cancel) =>
            {
                var output = new TrainDemoOutput(arguments.GetValue(json), TimeProvider.System);
                using var context = new StageContext(
                    DemoRecipe.Default,
                    arguments.GetValue(artwork)!,
                    arguments.GetValue(work)!,
                    arguments.GetValue(threads),
                    ComputeType.Parse(arguments.GetValue(compute)!),
                    output,
                    TimeProvider.System);
                var chosen = arguments.GetValue(stage)!;
                TimeSpan? budget = arguments.GetValue(minutes) is { } m ? TimeSpan.FromMinutes(m) : null;
                foreach (var name in DemoTraining.Stages.Where(s => chosen is All || string.Equals(s, chosen, StringComparison.Ordinal)))
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
}

/// <summary>Chooses the number type that training computes in.</summary>
public static class ComputeType
{
    /// <param name="name">bf16, f32 or auto.</param>
    public static ScalarType Parse(string name) => name switch
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
