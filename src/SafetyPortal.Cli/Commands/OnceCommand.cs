using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using SafetyPortal.Cli.Once;
using SafetyPortal.Cli.Output;
using SafetyPortal.Images;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Web.Hosting;
using SafetyPortal.Worker;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>portal once</c>, behind <c>./run --once</c>: the whole job from request to release, without a browser.</summary>
internal static class OnceCommand
{
    private const int SheetColumns = 12;
    private const int SheetGap = 2;
    private static readonly ImageLimits Limits = new(MaxBytes: 64 << 20, MaxPixels: 64 << 20);

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
        command.SetGuardedAction(
            json,
            (parsed, cancellation) =>
            {
                var options = sizes.Read(parsed, parsed.GetValue(threads));
                options.Evaluation = backbones.Read(parsed);
                var wish = new OnceWish(
                    parsed.GetValue(concept)!,
                    parsed.GetValue(method),
                    parsed.GetValue(seed),
                    parsed.GetValue(doses) is { Length: > 0 } some ? some : EraseMethods.DefaultDoses);
                return RunAsync(wish, parsed.GetValue(model)!, parsed.GetValue(data)!, options, parsed.GetValue(json), cancellation);
            },
            parsed => $"What the run finished is kept in {parsed.GetValue(data)!.FullName}. Give the same command again to go on.");
        return command;
    }

    private static async Task<int> RunAsync(
        OnceWish wish, DirectoryInfo model, DirectoryInfo data, WorkerOptions options, bool json, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var setup = BuildSeconds();
        _ = ModelLoading.Folder(model);
        options.ModelRoot = model.Parent?.FullName
            ?? throw new DirectoryNotFoundException($"Expected {model.FullName} to be in a folder of models.");
        await using var portal = await PortalServices.OpenDemoAsync(data, options, cancellation);
        var (outcome, ready) = await ProgressDisplay.Run(quiet: false, async progress =>
        {
            progress.Report(new WorkStep("setup", 0, 0));
            var version = await portal.Get<ModelRegistration>().RegisterAsync(model.Name, cancellation);
            var started = clock.Elapsed.TotalSeconds;
            return (await new OnceJob(portal, progress).RunAsync(version, wish, cancellation), started);
        });

        string? sheet = null, evidence = null;
        if (outcome.Evidence is { } document)
        {
            var folder = Directory.CreateDirectory(Path.Combine(data.FullName, $"request-{outcome.Request.Id}")).FullName;
            sheet = Path.Combine(folder, "contact-sheet.png");
            evidence = Path.Combine(folder, "evidence.json");
            await File.WriteAllBytesAsync(sheet, await SheetAsync(portal.Get<IArtifactStore>(), document, cancellation), cancellation);
            await File.WriteAllBytesAsync(evidence, document.ToBytes(), cancellation);
        }

        var report = OnceReport.Of(outcome, sheet, evidence, Math.Round(setup + ready, 2), Math.Round(setup + clock.Elapsed.TotalSeconds, 2));
        JsonText.Print(json, report, report.ToText);
        return outcome.Failures.Count == 0 && outcome.AuditVerified ? ExitCode.Success : ExitCode.CheckFailed;
    }

    /// <summary>Returns pairs of rows, before above after: the target images first, then the others, each in the order of the evidence.</summary>
    private static async Task<byte[]> SheetAsync(IArtifactStore artifacts, EvidenceDocument evidence, CancellationToken cancellation)
    {
        var tiles = new List<Raster?>();
        foreach (var group in evidence.Gallery.Entries.GroupBy(e => string.Equals(e.Group, "target", StringComparison.Ordinal)).OrderByDescending(g => g.Key))
        {
            foreach (var row in group.Chunk(SheetColumns))
            {
                foreach (var digests in new[] { row.Select(e => e.BeforeDigest), row.Select(e => e.AfterDigest) })
                {
                    foreach (var digest in digests)
                        tiles.Add(ImageCodec.Decode(await artifacts.ReadAsync(digest, cancellation), Limits));
                    tiles.AddRange(Enumerable.Repeat<Raster?>(null, SheetColumns - row.Length));
                }
            }
        }

        return ImageCodec.EncodePng(ContactSheet.Arrange(tiles, SheetColumns, SheetGap));
    }

    // ./run measures how long installing and building took before this program could start.
    private static double BuildSeconds() =>
        double.TryParse(Environment.GetEnvironmentVariable("SAFETYPORTAL_SETUP_SECONDS"), CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;
}
