using System.CommandLine;
using System.Text.Json;
using SafetyPortal.Diffusion;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Evaluation.PromptSets;
using SafetyPortal.Images;
using SafetyPortal.Requests;

namespace SafetyPortal.Cli.Output;

/// <summary>Turns exceptions into one clear line and an exit code, the same way for every command.</summary>
public static class Failures
{
    /// <summary>Runs a command's body; what it throws is reported on standard error, as JSON when <paramref name="json"/> is set.</summary>
    public static async Task<int> Guard(bool json, Func<Task<int>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        try
        {
            return await body();
        }
        catch (OperationCanceledException)
        {
            return Report(json, "cancelled", "Cancelled.", ExitCode.Cancelled);
        }
        catch (Exception e) when (CodeOf(e) is { } code)
        {
            return Report(json, code == ExitCode.BadInput ? "bad-input" : "check-failed", Sentence(e), code);
        }
        catch (Exception e)
        {
            return Report(json, "internal-error", e.ToString(), ExitCode.InternalError);
        }
    }

    /// <summary>Makes <paramref name="body"/> the command's action behind <see cref="Guard"/>.</summary>
    public static void SetGuardedAction(this Command command, Option<bool> json, Func<ParseResult, CancellationToken, Task<int>> body)
    {
        ArgumentNullException.ThrowIfNull(command);
        command.SetAction((parsed, cancellation) => Guard(parsed.GetValue(json), () => body(parsed, cancellation)));
    }

    // ArgumentException adds the name of a C# parameter, which says nothing to the person at the terminal.
    private static string Sentence(Exception e) =>
        e is ArgumentException { ParamName: { } name } ? e.Message.Replace($" (Parameter '{name}')", string.Empty, StringComparison.Ordinal) : e.Message;

    private static int? CodeOf(Exception e) => e switch
    {
        PatchMismatchException => ExitCode.CheckFailed,
        ModelFormatException or PromptSetException or ImageFormatException or InvalidDataException or JsonException => ExitCode.BadInput,
        FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException or ArgumentException => ExitCode.BadInput,
        IOException or NotFoundException => ExitCode.BadInput,
        _ => null,
    };

    private static int Report(bool json, string code, string message, int exit)
    {
        Console.Error.WriteLine(json ? JsonSerializer.Serialize(new { error = new { code, message } }) : $"portal: {message}");
        return exit;
    }
}
