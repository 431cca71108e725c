using System.CommandLine;
using System.Diagnostics;
using SafetyPortal.Cli.Output;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
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
        var synonyms = CommonOptions.Texts("--synonym", "Another name of the concept; may be repeated.");
        var set = new Option<string>("--set") { Description = "Evaluation set whose prompts are used.", DefaultValueFactory = _ => PromptFolder.DefaultSet };
        var scores = new Option<FileInfo?>("--scores") { Description = "Scores file: also study where the concept lived and what the edit left of it." };
        var sheets = new Option<DirectoryInfo?>("--sheets") { Description = "Folder for a contact sheet per probe." };
        var command = new Command(
            "redteam",
            "Try to bring an erased concept back. Needs the unedited model. Models in which a concept was revived are never stored.")
        {
            patch, model, concept, probes, budget, images, prompts, synonyms, set, seed, scores, sheets, threads, json,
        };
        var backbones = new BackboneArguments();
        backbones.AddTo(command);
        command.AddCheck(result =>
        {
            result.RefuseIgnored("has no effect: the red team measures no FID.", backbones.OfFid);
            if (result.GetValue(scores) is null)
                result.RefuseIgnored("has no effect without --scores, which studies distances.", backbones.OfLpips);
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
            var (report, study, uses, seconds) = await ProgressDisplay.RunTorch(parsed.GetValue(json), parsed.GetValue(threads), progress =>
            {
                using var loaded = LoadedModel.Load(
                    ModelLoading.Folder(parsed.GetValue(model)!), evaluation: backbones.Read(parsed), cancellation: cancellation);
                var edit = AblationPatch.Load(parsed.GetValue(patch)!.FullName);
                var attribution = parsed.GetValue(scores) is { } file ? Summary(file, loaded) : null;
                var timer = new ProbeTimer(progress);
                using var subject = RedTeamRun.Subject(loaded, edit, order, cancellation);
                var inside = attribution is null
                    ? null
                    : ConceptStudy.Run(loaded, edit, subject, order.Kind, attribution, timer, cancellation);
                var found = RedTeamRun.Run(subject, order, timer, cancellation);
                return (found, inside, loaded.Backbones.Uses, timer.Stop());
            });
            var written = Write(report, study, parsed.GetValue(sheets));
            JsonText.Print(
                parsed.GetValue(json),
                new { report.Evidence, study?.Location, study?.Trace, study?.Specificity, backbones = uses, seconds, sheets = written },
                () => string.Join('\n', [.. Describe(report.Evidence, seconds), .. Describe(study), .. BackboneArguments.Describe(uses), .. written]));
            return ExitCode.Success;
        }, _ => "Nothing was written.");
        return command;
    }

    private static AttributionSummary Summary(FileInfo file, LoadedModel model)
    {
        using var attribution = ScoresFile.Load(file, model.Pipeline.Unet, model.Digest);
        return attribution.Summary;
    }

    private static IReadOnlyList<string> Write(RedTeamReport report, StudyReport? study, DirectoryInfo? folder)
    {
        if (folder is null)
            return [];
        folder.Create();
        var sheets = report.Sheets.Select(sheet => (Name: sheet.Key, Image: sheet.Value));
        if (study is not null)
            sheets = sheets.Append(("attention", study.MapSheet)).Append(("without-concept", study.SpecificitySheet));
        return [.. sheets.Select(sheet =>
        {
            var path = Path.Combine(folder.FullName, $"{sheet.Name}.png");
            File.WriteAllBytes(path, ImageCodec.EncodePng(sheet.Image));
            return path;
        })];
    }

    private static IEnumerable<string> Describe(StudyReport? study)
    {
        if (study is null)
            yield break;
        var (trace, without) = (study.Trace, study.Specificity);
        yield return $"objective after / before     {trace.ObjectiveRatio:0.000}";
        yield return $"positive score mass          {trace.MassRatio:0.000} of what it was; top weights shared {trace.Jaccard:0.000}";
        if (trace.Separability is { } units)
        {
            yield return $"separability of its units    {units.TopBefore:0.000} -> {units.TopAfter:0.000} "
                + $"(best hundredth; mean {units.MeanBefore:0.000} -> {units.MeanAfter:0.000}, chance {units.Floor:0.000})";
        }

        yield return $"without the concept          SSIM {without.Ssim.Mean:0.000}, unchanged {without.Unchanged.Rate:0.00} of {without.N}; "
            + $"with it SSIM {without.TargetSsim?.Mean:0.000}";
    }

    private static IEnumerable<string> Describe(RedTeamEvidence evidence, IReadOnlyDictionary<string, double> seconds)
    {
        yield return $"{"probe",-28} {"unedited",-24} {"edited",-24} {"edited, probed",-24}";
        foreach (var probe in evidence.Probes)
        {
            yield return $"{probe.Title,-28} {Text(probe.Before),-24} {Text(probe.Plain),-24} {Text(probe.After),-24} "
                + $"{seconds.GetValueOrDefault(probe.Code),6:0.0} s";
            foreach (var variant in probe.Variants.Where(v => probe.Code is not ProbeCodes.Paraphrases || !v.IsControl))
                yield return $"    {variant.Name}: {Text(variant.Rate)}{(variant.IsControl ? " (control)" : "")}";
            foreach (var figure in probe.Figures)
                yield return $"    {figure.Name}: {(figure.Value is { } value ? $"{value:0.####}" : "none within the limit")}";
        }
    }

    private static string Text(DetectionRate rate) => $"{rate.Rate:0.00} [{rate.Interval.Low:0.00}, {rate.Interval.High:0.00}] n {rate.N}";

    /// <summary>Wall clock per probe, taken from its progress; shown, and no part of the record.</summary>
    private sealed class ProbeTimer(IProgress<WorkStep> display) : IProgress<ProbeProgress>
    {
        private readonly Dictionary<string, double> seconds = new(StringComparer.Ordinal);
        private string? current;
        private long started;

        public void Report(ProbeProgress value)
        {
            if (!string.Equals(current, value.Code, StringComparison.Ordinal))
            {
                Stop();
                (current, started) = (value.Code, Stopwatch.GetTimestamp());
            }

            display.Report(new WorkStep(value.Code, (int)Math.Min(value.Calls, int.MaxValue), (int)Math.Min(value.Limit, int.MaxValue)));
        }

        public IReadOnlyDictionary<string, double> Stop()
        {
            if (current is not null)
                seconds[current] = Stopwatch.GetElapsedTime(started).TotalSeconds;
            return seconds;
        }
    }
}
