using System.CommandLine;
using System.Globalization;
using SafetyPortal.Cli.Output;
using SafetyPortal.Diffusion.Inspection;
using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Trials.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>portal doctor</c>: what this machine computes with, whether it can carry out runs, and what to do where it cannot.</summary>
internal static class DoctorCommand
{
    private const double Mebi = 1 << 20;

    public static Command Create()
    {
        var (json, model, device, threads) = (CommonOptions.Json(), CommonOptions.Model(), CommonOptions.Device(), CommonOptions.Threads());
        var backbones = new BackboneArguments();
        var command = new Command(
            "doctor", "Say what was loaded, what this machine has, and what to do when something is missing. Exit code 1 if a run could not be carried out.")
        {
            model, device, threads, json,
        };
        backbones.AddTo(command);
        command.SetGuardedAction(json, async (parsed, cancellation) =>
        {
            var supplied = backbones.Read(parsed);
            var findings = new List<Finding> { Try("libtorch", Loaded, $"Build the solution again, or set {Libtorch.Variable} to a folder with libtorch.so.") };
            if (findings[0].Usable)
            {
                using var torch = new TorchThread(parsed.GetValue(threads));
                findings.AddRange(await torch.Run(() => Compute(parsed.GetValue(device)!)));
                findings.Add(Memory());
                findings.Add(await torch.Run(() => Model(parsed.GetRequiredValue(model), supplied, cancellation)));
            }

            var usable = findings.TrueForAll(f => f.Usable);
            JsonText.Print(parsed.GetValue(json), new { usable, findings }, () => string.Join(Environment.NewLine, findings.Select(Line)));
            return usable ? ExitCode.Success : ExitCode.CheckFailed;
        });
        return command;
    }

    private static string Loaded() =>
        $"libtorch {Libtorch.Description}, TorchSharp {typeof(torch).Assembly.GetName().Version?.ToString(3)}, from {Libtorch.Load()}";

    private static IEnumerable<Finding> Compute(string device)
    {
        var waits = Environment.GetEnvironmentVariable(Libtorch.WaitVariable) is { } policy ? $"as {Libtorch.WaitVariable}={policy} says" : "passively";
        yield return Try(
            "threads",
            () => $"{get_num_threads()} of libtorch, {Environment.ProcessorCount} processors, OpenMP waits {waits}",
            "Set --threads.");
        yield return new Finding("devices", Usable: true, Devices(), cuda.is_available()
            ? null
            : $"For a GPU, install its driver, and build with -p:Cuda=true or set {Libtorch.Variable} to a folder with CUDA's libtorch {Libtorch.Version}.");
        yield return Try(
            "computation",
            () =>
            {
                using var scope = NewDisposeScope();
                var ones = torch.ones([256, 256], device: ModelLoading.Device(device));
                var sum = ones.mm(ones).sum().ToDouble();
                return sum.Equals(256.0 * 256 * 256)
                    ? $"a matrix product on {device} is right"
                    : throw new InvalidDataException($"Expected a matrix product on {device} to sum to {256 * 256 * 256}, got {sum}.");
            },
            "Choose another --device, or another libtorch.");
    }

    private static string Devices() => cuda.is_available()
        ? $"cpu and {cuda.device_count()} CUDA devices"
        : File.Exists(Path.Combine(Libtorch.Load(), "libtorch_cuda.so"))
            ? "cpu; this libtorch has CUDA but sees no device: check the driver"
            : "cpu; this libtorch has no CUDA";

    // GCMemoryInfo knows a container's limit, /proc/meminfo what other processes leave.
    private static Finding Memory()
    {
        var limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / Mebi;
        var free = File.Exists("/proc/meminfo")
            && File.ReadLines("/proc/meminfo").FirstOrDefault(line => line.StartsWith("MemAvailable:", StringComparison.Ordinal)) is { } available
            ? double.Parse(available.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024
            : limit;
        return new Finding(
            "memory",
            Usable: true,
            $"{free:N0} MiB free of {limit:N0}",
            free < 14 * 1024 ? "Attribution on a model of Stable Diffusion 1.4's size takes up to 14 GiB; smaller models take less." : null);
    }

    private static Finding Model(DirectoryInfo folder, BackboneOptions supplied, CancellationToken cancellation) => Try(
        "model",
        () =>
        {
            var path = ModelLoading.Folder(folder);
            var report = ModelFolderInspection.Inspect(path, cancellation);
            if (!report.IsWhole)
                throw new InvalidDataException($"{path}: {string.Join(" ", report.Problems)}");
            using var model = LoadedModel.Load(path, evaluation: supplied, cancellation: cancellation);
            var uses = model.Backbones.Uses.Select(use => $"{use.Network} for {use.Measures}").ToList();
            return $"{path}: {report.Architecture}, weights {model.Digest[..12]}; supplied networks: {(uses.Count > 0 ? string.Join(", ", uses) : "none")}";
        },
        "portal model verify lists everything that is wrong with a folder; the message names the file that a network needs.");

    /// <summary>Any failure is a finding here: the command exists to report it.</summary>
    private static Finding Try(string subject, Func<string> describe, string advice)
    {
        try
        {
            return new Finding(subject, Usable: true, describe(), Advice: null);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            return new Finding(subject, Usable: false, (error.InnerException ?? error).Message.Split('\n')[0], advice);
        }
    }

    private static string Line(Finding finding) =>
        $"{(finding.Usable ? "ok  " : "FAIL")}  {finding.Subject,-12} {finding.Detail}"
        + (finding.Advice is { } advice ? $"{Environment.NewLine}                   {advice}" : "");

    /// <param name="Advice">What to do about it; null when there is nothing to do.</param>
    private sealed record Finding(string Subject, bool Usable, string Detail, string? Advice);
}
