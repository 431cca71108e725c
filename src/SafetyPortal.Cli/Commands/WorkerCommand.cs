using System.CommandLine;
using SafetyPortal.Cli.Once;
using SafetyPortal.Cli.Output;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>portal worker</c>: carries out what is queued in a data folder, one run after the other, and ends when nothing is left.</summary>
internal static class WorkerCommand
{
    public static Command Create()
    {
        var json = CommonOptions.Json();
        var threads = CommonOptions.Threads();
        var data = FolderOptions.Data();
        var models = FolderOptions.Models();
        var sizes = new SizeOptions();
        var command = new Command("worker", "Carry out queued runs until none is left. A run that has begun keeps its settings.")
        {
            data, models, threads, json,
        };
        var backbones = new BackboneArguments();
        sizes.AddTo(command);
        backbones.AddTo(command);
        command.SetGuardedAction(json, async (parsed, cancellation) =>
        {
            var options = sizes.Read(parsed, parsed.GetValue(threads));
            options.Evaluation = backbones.Read(parsed);
            options.ModelRoot = parsed.GetValue(models)!.FullName;
            await using var portal = await PortalServices.OpenAsync(FolderOptions.Existing(parsed.GetValue(data)!), options, cancellation);
            var ended = await ProgressDisplay.Run(parsed.GetValue(json), progress => WorkAsync(portal, progress, cancellation));
            JsonText.Print(
                parsed.GetValue(json), new { runs = ended }, () => ended.Count == 0 ? "Nothing was queued." : string.Join('\n', ended.Select(r => r.ToText())));
            return ended.TrueForAll(r => r.Status is null or RunStatus.Succeeded) ? ExitCode.Success : ExitCode.CheckFailed;
        }, parsed => $"What the runs finished is kept in {parsed.GetValue(data)!.FullName}, and they are still queued. Give the same command again to go on.");
        return command;
    }

    private static async Task<List<EndedRun>> WorkAsync(PortalServices portal, IProgress<WorkStep> progress, CancellationToken cancellation)
    {
        var ended = new List<EndedRun>();
        var queue = portal.Get<WorkQueue>();
        while (await queue.NextRunAsync([.. ended.Select(e => e.Run)], cancellation) is { } run)
            ended.Add(new EndedRun(run, await portal.CarryOutAsync(run, progress, cancellation)));
        return ended;
    }

    /// <param name="Status">Null when another worker took it.</param>
    private sealed record EndedRun(long Run, RunStatus? Status)
    {
        public string ToText() => $"run {Run}: {(Status is { } status ? status.ToString().ToLowerInvariant() : "another worker has it")}";
    }
}
