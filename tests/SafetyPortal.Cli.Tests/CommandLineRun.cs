using System.Diagnostics;

namespace SafetyPortal.Cli.Tests;

/// <summary>What a command line printed and returned.</summary>
internal sealed record CommandLineResult(int ExitCode, string Output, string Error);

/// <summary>Runs the command line as a process of its own, as a user does.</summary>
internal static class CommandLineRun
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, Tested.Program);

    /// <summary>Starts the command line; standard error goes line by line to <paramref name="onError"/>.</summary>
    public static Process Start(Action<string> onOutput, Action<string> onError, string[] arguments, string? workingDirectory = null)
    {
        var start = new ProcessStartInfo("dotnet", [Program, .. arguments])
        {
            WorkingDirectory = workingDirectory ?? string.Empty,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => onOutput(line.Data ?? string.Empty);
        process.ErrorDataReceived += (_, line) => onError(line.Data ?? string.Empty);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    public static async Task<CommandLineResult> ToEndAsync(params string[] arguments)
    {
        var output = new List<string>();
        var error = new List<string>();
        using var process = Start(output.Add, error.Add, arguments);
        await process.WaitForExitAsync();
        return new CommandLineResult(process.ExitCode, string.Join('\n', output), string.Join('\n', error));
    }
}
