using System.CommandLine;
using SafetyPortal.Cli.Commands;
using SafetyPortal.Cli.Output;

namespace SafetyPortal.Cli;

/// <summary>The command line as a whole.</summary>
public static class PortalCommandLine
{
    // How long a command may take to stop; commands look at their cancellation between two calls of a network.
    private static readonly TimeSpan LongestStep = TimeSpan.FromMinutes(2);

    /// <summary>Every command of the product; the laboratory adds its own.</summary>
    public static RootCommand Create() => new(
        "SafetyPortal: erase concepts from diffusion models, with evidence and a second signature. "
        + $"A checkout also has bench, parity, study and train-demo. {ExitCode.Explanation}")
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
    };

    /// <summary>Runs a command line and returns its exit code.</summary>
    public static async Task<int> InvokeAsync(RootCommand commands, IReadOnlyList<string> arguments)
    {
        // System.CommandLine would replace an argument such as "@home" by the content of a file.
        var parsed = commands.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });

        // System.CommandLine would print help on standard output and return 1, which here means that a check did not pass.
        return parsed.Errors.Count == 0
            ? await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = LongestStep })
            : Failures.ReportUsage(
                arguments.Contains("--json", StringComparer.Ordinal),
                [.. parsed.Errors.Select(e => e.Message), "portal --help lists commands and their options."]);
    }
}
