using System.Diagnostics;
using System.Text.Json;

namespace SafetyPortal.Cli.Tests;

/// <summary>
/// Runs many command lines one after the other in one child process. Native code that ends the process ends the child, and the tests see which
/// command line it was.
/// </summary>
internal static class CommandLineBatch
{
    /// <summary>The child: the test program itself, started with a file of command lines, one JSON array a line. Prints one result a line.</summary>
    public static async Task<int> Main(string[] arguments)
    {
        foreach (var line in await File.ReadAllLinesAsync(arguments[0]))
            Console.WriteLine(JsonSerializer.Serialize(await InProcess.RunAsync(JsonSerializer.Deserialize<string[]>(line)!)));
        return 0;
    }

    /// <summary>Results in the order of the command lines; fewer than those if the child was ended by one of them.</summary>
    /// <param name="commands">Command lines without the program's name.</param>
    /// <param name="file">Where the child finds them; is written.</param>
    public static async Task<(IReadOnlyList<CommandLineResult> Results, int ExitCode)> RunAsync(IEnumerable<string[]> commands, string file)
    {
        await File.WriteAllLinesAsync(file, commands.Select(command => JsonSerializer.Serialize(command)));
        var start = new ProcessStartInfo("dotnet", [typeof(CommandLineBatch).Assembly.Location, file])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return ([.. lines.Select(line => JsonSerializer.Deserialize<CommandLineResult>(line)!)], process.ExitCode);
    }
}
