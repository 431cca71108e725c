using System.CommandLine;
using SafetyPortal.Cli.Bench;
using SafetyPortal.Cli.Commands;
using SafetyPortal.Cli.Output;
using SafetyPortal.Cli.Parity;
using SafetyPortal.Cli.Study;
using SafetyPortal.Cli.TrainDemo;

namespace SafetyPortal.Cli;

/// <summary>The command line as a whole.</summary>
public static class PortalCommandLine
{
    /// <summary>Every command there is.</summary>
    public static RootCommand Create() => new($"SafetyPortal: erase concepts from diffusion models, with evidence and a second signature. {ExitCode.Explanation}")
    {
        OnceCommand.Create(),
        ServeCommand.Create(),
        WorkerCommand.Create(),
        DoctorCommand.Create(),
        GenerateCommand.Create(),
        AttributeCommand.Create(),
        EraseCommand.Create(),
        EvaluateCommand.Create(),
        RedTeamCommand.Create(),
        AccountCommand.Create(),
        AuditCommand.Create(),
        EvidenceCommand.Create(),
        ModelCommand.Create(),
        ParityCommand.Create(),
        TrainDemoCommand.Create(),
        BenchCommand.Create(),
        StudyCommand.Create(),
    };

    /// <summary>Runs a command line and returns its exit code.</summary>
    public static async Task<int> InvokeAsync(IReadOnlyList<string> arguments)
    {
        var parsed = Create().Parse(arguments);

        // System.CommandLine would print help on standard output and return 1, which here means that a check did not pass.
        return parsed.Errors.Count == 0
            ? await parsed.InvokeAsync()
            : Failures.ReportUsage(arguments.Contains("--json", StringComparer.Ordinal), [.. parsed.Errors.Select(e => e.Message), "portal --help lists commands and their options."]);
    }
}
