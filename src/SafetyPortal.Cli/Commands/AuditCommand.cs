using System.CommandLine;
using SafetyPortal.Cli.Output;
using SafetyPortal.Requests.Audit;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>portal audit verify</c>: checks whether the history was rewritten.</summary>
internal static class AuditCommand
{
    public static Command Create() => new("audit", "Work with the history.") { Verify() };

    private static Command Verify()
    {
        var json = CommonOptions.Json();
        var data = FolderOptions.Data();
        var command = new Command("verify", "Check every event's digest, the links between them and the signed checkpoints.") { data, json };
        command.SetGuardedAction(json, async (parsed, cancellation) =>
        {
            await using var services = FolderOptions.Services(FolderOptions.Existing(parsed.GetValue(data)!));
            var report = await services.GetRequiredService<AuditVerifier>().ExecuteAsync(cancellation);
            JsonText.Print(parsed.GetValue(json), report, () => Describe(report));
            return report.Sound ? ExitCode.Success : ExitCode.CheckFailed;
        });
        return command;
    }

    private static string Describe(AuditReport report) => report.Sound
        ? $"{report.EventCount} events verified, {report.AnchoredCount} of them anchored by {report.CheckpointCount} signed checkpoints, "
            + $"{report.NotYetAnchored} not yet.\nhead {report.HeadHash}"
        : "The history is NOT sound:\n" + string.Join('\n', report.Problems.Select(p => $"  {p.Fault}: {p.Text}"));
}
