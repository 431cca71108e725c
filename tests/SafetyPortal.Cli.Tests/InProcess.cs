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
}
