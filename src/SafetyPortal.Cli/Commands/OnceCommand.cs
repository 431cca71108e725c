using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using SafetyPortal.Cli.Once;
using SafetyPortal.Cli.Output;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Trials.Models;
using SafetyPortal.Web.Hosting;
using SafetyPortal.Worker;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>portal once</c>, behind <c>./run --once</c>: the whole job from request to release, without a browser.</summary>
internal static class OnceCommand
{
    public static Command Create()
    {
        var json = CommonOptions.Json();
        var model = CommonOptions.Model();
        var threads = CommonOptions.Threads();
        var seed = CommonOptions.Seed();
        var concept = ConceptArgument.One($"What to erase: {ConceptArgument.Syntax}.", "object:church");
        var doses = CommonOptions.Reals("--dose", "Dose to try; may be repeated. Default: the sweep of the portal.", 0, 0.5);
        var method = CommonOptions.Method();
        var data = new Option<DirectoryInfo>("--data")
        {
            Description = "Data folder; kept, so that a killed run continues when the command is given again.",
            DefaultValueFactory = _ => new DirectoryInfo(Path.Combine(AppRoot.Find(), "data", "once")),
        };
        var sizes = new SizeOptions();
        var command = new Command("once", "Erase a concept from request to release: file, run, decide, release, verify.")
        {
            concept, method, doses, seed, model, data, threads, json,
        };
        var backbones = new BackboneArguments();
        sizes.AddTo(command);
        backbones.AddTo(command);
        command.SetGuardedAction(json, (parsed, cancellation) => RunAsync(
            parsed.GetValue(concept)!,
            parsed.GetValue(method),
            parsed.GetValue(model)!,
            parsed.GetValue(data)!,
            parsed.GetValue(seed),
            parsed.GetValue(doses),
            WithBackbones(sizes.Read(parsed, parsed.GetValue(threads)), backbones.Read(parsed)),
            parsed.GetValue(json),
            cancellation), parsed => $"What the run finished is kept in {parsed.GetValue(data)!.FullName}. Give the same command again to go on.");
        return command;
    }

    private static async Task<int> RunAsync(
        ConceptArgument concept, EraseMethod method, DirectoryInfo model, DirectoryInfo data, long seed, double[]? doses, WorkerOptions options, bool json, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var setup = BuildSeconds();
        if (!model.Exists) throw new DirectoryNotFoundException($"Expected a model folder at {model.FullName}, there is none.");
        var root = model.Parent?.FullName ?? throw new DirectoryNotFoundException($"Expected {model.FullName} to lie in a folder of models.");
        options.ModelRoot = root;
        await using var portal = await PortalServices.OpenDemoAsync(data, options, cancellation);
        var (outcome, ready) = await ProgressDisplay.Run(quiet: false, async progress =>
        {
            progress.Report(new WorkStep("setup", 0, 0));
            var version = await portal.Get<ModelRegistration>().RegisterAsync(model.Name, cancellation);
            var started = clock.Elapsed.TotalSeconds;
            return (await new OnceJob(portal, progress).RunAsync(version, concept, method, seed, doses, cancellation), started);
        });

        string? sheet = null, evidence = null;
        if (outcome.Evidence is { } document)
        {
            var folder = Directory.CreateDirectory(Path.Combine(data.FullName, $"request-{outcome.Request.Id}")).FullName;
            sheet = await EvidenceFiles.WriteSheetAsync(portal.Get<IArtifactStore>(), document, folder, cancellation);
            evidence = await EvidenceFiles.WriteEvidenceAsync(document, folder, cancellation);
        }

        var report = OnceReport.Of(
            outcome,
            concept.Kind.ToString().ToLowerInvariant(),
            sheet,
            evidence,
            Math.Round(setup + ready, 2),
            Math.Round(setup + clock.Elapsed.TotalSeconds, 2));
        JsonText.Print(json, report, report.ToText);
        return outcome.Failures.Count == 0 && outcome.AuditVerified ? ExitCode.Success : ExitCode.CheckFailed;
    }

    private static WorkerOptions WithBackbones(WorkerOptions options, BackboneOptions evaluation)
    {
        options.Evaluation = evaluation;
        return options;
    }

    // ./run measures how long installing and building took before this program could start.
    private static double BuildSeconds() =>
        double.TryParse(Environment.GetEnvironmentVariable("SAFETYPORTAL_SETUP_SECONDS"), CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;
}
