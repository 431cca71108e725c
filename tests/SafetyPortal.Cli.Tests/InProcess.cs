using System.Text.Json;

namespace SafetyPortal.Cli.Tests;

/// <summary>
/// Runs the command line inside the test process, which is much faster than starting one. The console belongs to the process, so such tests
/// run one after the other.
/// </summary>
[CollectionDefinition(nameof(InProcess), DisableParallelization = true)]
public sealed class InProcess
{
    internal static async Task<CommandLineResult> RunAsync(params string[] arguments)
    {
        var (output, error) = (Console.Out, Console.Error);
        using var newOutput = new StringWriter();
        using var newError = new StringWriter();
        try
        {
            Console.SetOut(newOutput);
            Console.SetError(newError);
            var code = await PortalCommandLine.InvokeAsync(Tested.Commands(), arguments);
            return new CommandLineResult(code, newOutput.ToString(), newError.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
        }
    }

    /// <summary>Runs a command line that must succeed, and returns the JSON it prints.</summary>
    internal static async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        var result = await RunAsync([.. arguments, "--json"]);
        result.ExitCode.ShouldBe(0, result.Error);
        return JsonSerializer.Deserialize<JsonElement>(result.Output);
    }
}
