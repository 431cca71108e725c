using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Diffusion;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Evaluation.PromptSets;
using SafetyPortal.Images;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Web.Security;

namespace SafetyPortal.Cli.Output;

/// <summary>Turns exceptions into one clear line and an exit code, the same way for every command.</summary>
public static class Failures
{
    /// <summary>Runs a command's body and reports what it throws on standard error, as JSON when <paramref name="json"/> is set.</summary>
    /// <param name="kept">What a cancelled command leaves behind and how to go on, in whole sentences.</param>
    public static async Task<int> Guard(bool json, Func<Task<int>> body, Func<string>? kept = null)
    {
        try
        {
            return await body();
        }
        catch (OperationCanceledException)
        {
            return Report(json, "cancelled", $"Cancelled. {kept?.Invoke() ?? "Nothing was changed."}", ExitCode.Cancelled);
        }
        catch (Exception e) when (CodeOf(e) is { } code)
        {
            return Report(json, Name(code), Sentence(e), code);
        }
        catch (ExternalException e)
        {
            // What follows the first line is libtorch's own stack.
            return Report(json, "internal-error", $"libtorch stopped: {e.Message.Split('\n')[0]}", ExitCode.InternalError);
        }
        catch (Exception e)
        {
            return Report(json, "internal-error", e.ToString(), ExitCode.InternalError);
        }
    }

    /// <summary>Makes <paramref name="body"/> the command's action behind <see cref="Guard"/>.</summary>
    public static void SetGuardedAction(
        this Command command, Option<bool> json, Func<ParseResult, CancellationToken, Task<int>> body, Func<ParseResult, string>? kept = null)
    {
        // Off the calling thread: System.CommandLine listens for Ctrl+C only after the action has returned its task, and many bodies compute without
        // ever waiting.
        command.SetAction((parsed, cancellation) => Guard(
            parsed.GetValue(json), () => Task.Run(() => body(parsed, cancellation), cancellation), kept is null ? null : () => kept(parsed)));
    }

    /// <summary>Reports on standard error what does not stop the work, as JSON when <paramref name="json"/> is set.</summary>
    internal static void Warn(bool json, string message) =>
        Console.Error.WriteLine(json ? JsonSerializer.Serialize(new { warning = new { message } }) : $"portal: warning: {message}");

    /// <summary>Reports on one line what is wrong with the command line itself.</summary>
    internal static int ReportUsage(bool json, IEnumerable<string> problems)
    {
        var words = problems.SelectMany(problem => problem.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return Report(json, Name(ExitCode.Usage), string.Join(' ', words), ExitCode.Usage);
    }

    // ArgumentException adds the name of a C# parameter, which does not help at a terminal.
    private static string Sentence(Exception e) => e switch
    {
        ArgumentException { ParamName: { } name } => e.Message.Replace($" (Parameter '{name}')", string.Empty, StringComparison.Ordinal),
        SqliteException or DbUpdateException => $"Expected a whole portal database of this version that can be written to: {e.GetBaseException().Message}",
        _ => e.Message,
    };

    private static string Name(int code) => code switch
    {
        ExitCode.Usage => "usage",
        ExitCode.BadInput => "bad-input",
        _ => "check-failed",
    };

    private static int? CodeOf(Exception e) => e switch
    {
        PatchMismatchException or BrokenHistoryException or DecisionDeniedException or IllegalMoveException => ExitCode.CheckFailed,
        DemoOnOpenAddressException => ExitCode.Usage,
        DuplicateRequestException => ExitCode.BadInput,
        SqliteException sqlite => IsInput(sqlite) ? ExitCode.BadInput : null,
        DbUpdateException { InnerException: SqliteException sqlite } => IsInput(sqlite) ? ExitCode.BadInput : null,
        ModelFormatException or PromptSetException or ImageFormatException or InvalidDataException or JsonException => ExitCode.BadInput,
        FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException or ArgumentException => ExitCode.BadInput,
        IOException or NotFoundException => ExitCode.BadInput,
        _ => null,
    };

    // Faults of the file: read-only, failing disk, damaged, full, cannot be opened, no database; or a missing table.
    private static bool IsInput(SqliteException e) =>
        e.SqliteErrorCode is 8 or 10 or 11 or 13 or 14 or 26 || (e.SqliteErrorCode == 1 && e.Message.Contains("no such", StringComparison.Ordinal));

    private static int Report(bool json, string code, string message, int exit)
    {
        Console.Error.WriteLine(json ? JsonSerializer.Serialize(new { error = new { code, message } }) : $"portal: {message}");
        return exit;
    }
}
