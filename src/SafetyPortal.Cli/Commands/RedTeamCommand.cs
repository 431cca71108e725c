using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using SafetyPortal.Cli.Output;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Images;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Probing;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>portal redteam</c>: tries to bring an erased concept back, in nine ways.</summary>
internal static class RedTeamCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var json = CommonOptions.Json();
        var threads = CommonOptions.Threads();
        var seed = CommonOptions.Seed();
        var patch = new Option<FileInfo>("--patch") { Description = "Patch to attack.", Required = true };
        var concept = ConceptArgument.One($"What the patch erases: {ConceptArgument.Syntax}.", fallback: null);
        var probes = ProbesOption.Create(noneToo: false);
        var budget = new Option<string>("--budget") { Description = "small, or full as in the literature.", DefaultValueFactory = _ => "small" };
        budget.AcceptOnlyFromAmong("small", "full");
        var images = CommonOptions.OptionalNumber("--images", "Images per rate, 1 to 64, in place of the budget's.", 1, 64);
        var prompts = new Option<string[]>("--prompt", "-p") { Description = "Prompt to try as a paraphrase; may be repeated." };
        var synonyms = new Option<string[]>("--synonym") { Description = "Another name of the concept; may be repeated." };
        var set = new Option<string>("--set") { Description = "Evaluation set whose prompts are used.", DefaultValueFactory = _ => PromptFolder.DefaultSet };
        var scores = new Option<FileInfo?>("--scores") { Description = "File that portal attribute wrote: also study where the concept lived and what the edit left (attention, weights, the same prompts without it)." };
        var sheets = new Option<DirectoryInfo?>("--sheets") { Description = "Folder for a contact sheet per probe." };
        var command = new Command(
            "redteam",
            "Try to bring an erased concept back. Needs the unedited model, so it is for those who hold it; models in which a concept was revived are thrown away.")
        {
            patch, model, concept, probes, budget, images, prompts, synonyms, set, seed, scores, sheets, threads, json,
        };
        var backbones = new BackboneArguments();
        backbones.AddTo(command);
        command.AddCheck(result =>
        {
            if (!ProbesOption.Codes(result.GetValue(probes) ?? string.Empty).Contains(ProbeCodes.Paraphrases, StringComparer.Ordinal))
                result.RefuseIgnored($"names a paraphrase to try: add {ProbeCodes.Paraphrases} to --probes.", prompts);
        });
        command.SetGuardedAction(json, async (parsed, cancellation) =>
        {
            var wanted = parsed.GetValue(concept)!;
            var settings = string.Equals(parsed.GetValue(budget), "full", StringComparison.Ordinal) ? ProbeSettings.Full : ProbeSettings.Small;
            var order = new RedTeamOrder(
                wanted.Kind,
                wanted.Name,
                ProbesOption.Codes(parsed.GetValue(probes)!),
                settings with { Seed = parsed.GetValue(seed), Images = parsed.GetValue(images) ?? settings.Images })
            {
                Set = parsed.GetValue(set)!,
                Synonyms = parsed.GetValue(synonyms) ?? [],
                Prompts = parsed.GetValue(prompts) ?? [],
            };
            var timer = new ProbeTimer();
            var (report, study, uses) = await ProgressDisplay.RunTorch(parsed.GetValue(json), parsed.GetValue(threads), progress =>
            {
                var folder = parsed.GetValue(model)!;
                if (!folder.Exists) throw new DirectoryNotFoundException($"Expected a model folder at {folder.FullName}, there is none.");
                using var loaded = LoadedModel.Load(folder.FullName, evaluation: backbones.Read(parsed));
                var edit = AblationPatch.Load(parsed.GetValue(patch)!.FullName);
                var told = timer.With(progress);
                var inside = parsed.GetValue(scores) is { } file ? Study(loaded, edit, order, file, told, cancellation) : null;
                return (RedTeamRun.Run(loaded, edit, order, told, cancellation), inside, loaded.Backbones.Uses);
            });
            timer.Stop();
            var written = Write(report, study, parsed.GetValue(sheets));
            JsonText.Print(
                parsed.GetValue(json),
                new { report.Evidence, study?.Location, study?.Trace, study?.Specificity, backbones = uses, seconds = timer.Seconds, sheets = written },
                () => string.Join('\n', [Describe(report.Evidence, timer), .. study is null ? Array.Empty<string>() : [Describe(study)], .. BackboneText.Lines(uses), .. written]));
            return ExitCode.Success;
        }, _ => "Nothing was written.");
        return command;
    }

    private static StudyReport Study(
        LoadedModel model, AblationPatch edit, RedTeamOrder order, FileInfo scores, IProgress<ProbeProgress> progress, CancellationToken cancellation)
    {
        using var attribution = ScoresFile.Load(scores, model.Pipeline.Unet, model.Digest);
        return ConceptStudy.Run(model, edit, order, attribution.Summary, progress, cancellation);
    }

    private static IReadOnlyList<string> Write(RedTeamReport report, StudyReport? study, DirectoryInfo? folder)
    {
        if (folder is null) return [];
        folder.Create();
        var sheets = report.Sheets.Select(sheet => (Name: sheet.Key, Image: sheet.Value));
        if (study is not null) sheets = sheets.Append(("attention", study.MapSheet)).Append(("without-concept", study.SpecificitySheet));
        return [.. sheets.Select(sheet =>
        {
            var path = Path.Combine(folder.FullName, $"{sheet.Name}.png");
            File.WriteAllBytes(path, ImageCodec.EncodePng(sheet.Image));
            return path;
        })];
    }

    private static string Describe(StudyReport study) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        objective after / before     {study.Trace.ObjectiveRatio:0.000}
        positive score mass          {study.Trace.MassRatio:0.000} of what it was; top weights shared {study.Trace.Jaccard:0.000}
        separability of its units    {study.Trace.Separability?.TopBefore:0.000} -> {study.Trace.Separability?.TopAfter:0.000} (best hundredth; mean {study.Trace.Separability?.MeanBefore:0.000} -> {study.Trace.Separability?.MeanAfter:0.000}, chance {study.Trace.Separability?.Floor:0.000})
        without the concept          SSIM {study.Specificity.Ssim.Mean:0.000}, unchanged {study.Specificity.Unchanged.Rate:0.00} of {study.Specificity.N}; with it SSIM {study.Specificity.TargetSsim?.Mean:0.000}
        """);

    private static string Describe(RedTeamEvidence evidence, ProbeTimer timer)
    {
        var lines = evidence.Probes.SelectMany(probe => new[]
        {
            string.Create(
                CultureInfo.InvariantCulture,
                $"{probe.Title,-28} {Text(probe.Before),-24} {Text(probe.Plain),-24} {Text(probe.After),-24} {timer.Seconds.GetValueOrDefault(probe.Code),6:0.0} s"),
        }
            .Concat(probe.Variants.Where(v => probe.Code is not ProbeCodes.Paraphrases || !v.IsControl).Select(v => $"    {v.Name}: {Text(v.Rate)}{(v.IsControl ? " (control)" : "")}"))
            .Concat(probe.Figures.Select(f => string.Create(CultureInfo.InvariantCulture, $"    {f.Name}: {(f.Value is { } value ? value.ToString("0.####", CultureInfo.InvariantCulture) : "none within the limit")}"))));
        return string.Join('\n', [$"{"probe",-28} {"unedited",-24} {"edited",-24} {"edited, probed",-24}", .. lines]);
    }

    private static string Text(DetectionRate rate) =>
        string.Create(CultureInfo.InvariantCulture, $"{rate.Rate:0.00} [{rate.Interval.Low:0.00}, {rate.Interval.High:0.00}] n {rate.N}");
}

/// <summary>Wall clock per probe, taken from its progress; shown, and no part of the record.</summary>
internal sealed class ProbeTimer : IProgress<ProbeProgress>
{
    private readonly Dictionary<string, double> seconds = new(StringComparer.Ordinal);
    private IProgress<WorkStep>? display;
    private string? current;
    private long started;

    public IReadOnlyDictionary<string, double> Seconds => seconds;

    public ProbeTimer With(IProgress<WorkStep> progress)
    {
        display = progress;
        return this;
    }

    public void Report(ProbeProgress value)
    {
        if (!string.Equals(current, value.Code, StringComparison.Ordinal))
        {
            Stop();
            (current, started) = (value.Code, Stopwatch.GetTimestamp());
        }

        display?.Report(new WorkStep(value.Code, (int)Math.Min(value.Calls, int.MaxValue), (int)Math.Min(value.Limit, int.MaxValue)));
    }

    public void Stop()
    {
        if (current is not null) seconds[current] = Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
