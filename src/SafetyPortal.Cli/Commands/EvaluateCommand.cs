using System.CommandLine;
using SafetyPortal.Cli.Output;
using SafetyPortal.Images;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>portal evaluate</c>: measures a patch against the unedited model, or says what the judge sees in given pictures.</summary>
internal static class EvaluateCommand
{
    private static readonly ImageLimits Limits = new(MaxBytes: 32 << 20, MaxPixels: 32 << 20);

    public static Command Create()
    {
        var json = CommonOptions.Json();
        var model = CommonOptions.Model();
        var threads = CommonOptions.Threads();
        var device = CommonOptions.Device();
        var concept = ConceptArgument.One($"What the patch should erase: {ConceptArgument.Syntax}.", "object:church");
        var patches = new Option<FileInfo[]>("--patch") { Description = "Patch to measure; may be repeated, they stack in order." };
        var pictures = new Option<FileInfo[]>("--image") { Description = "Picture to show to the judge instead; may be repeated." };
        var set = new Option<string>("--set") { Description = "Evaluation set.", DefaultValueFactory = _ => PromptFolder.DefaultSet };
        var steps = CommonOptions.Number("--steps", "Denoising steps per image.", 25, most: 1000);
        var perConcept = CommonOptions.Number("--per-concept", "Images for each other concept.", EvaluationSize.Default.PerConcept);
        var targets = CommonOptions.Number("--targets", "Images of the target.", EvaluationSize.Default.Target);
        var backbones = new BackboneArguments();
        var command = new Command("evaluate", "Measure what a patch changes.")
        {
            model, concept, patches, pictures, set, steps, targets, perConcept, device, threads, json,
        };
        backbones.AddTo(command);
        command.AddCheck(result =>
        {
            if (result.GetValue(pictures) is { Length: > 0 })
            {
                result.RefuseIgnored(
                    "has no effect with --image, which shows given pictures to the judge and draws none.",
                    [patches, concept, set, steps, targets, perConcept, device, .. backbones.OfFid, .. backbones.OfLpips]);
            }
        });
        command.SetGuardedAction(json, async (parsed, cancellation) =>
        {
            var asJson = parsed.GetValue(json);
            var folder = ModelLoading.Folder(parsed.GetValue(model)!);
            var evaluation = backbones.Read(parsed);
            if (parsed.GetValue(pictures) is { Length: > 0 } files)
            {
                var seen = await ProgressDisplay.RunTorch(quiet: true, parsed.GetValue(threads), _ => Look(folder, files, evaluation, cancellation));
                JsonText.Print(
                    asJson, seen, () => string.Join('\n', seen.Select(s => string.Join("; ", [$"{s.Path}: {s.Object}, style {s.Style}", .. s.Supplied]))));
                return ExitCode.Success;
            }

            var wanted = parsed.GetValue(concept)!;
            var size = new EvaluationSize(parsed.GetValue(targets), parsed.GetValue(perConcept));
            var (metrics, uses) = await ProgressDisplay.RunTorch(asJson, parsed.GetValue(threads), progress =>
            {
                using var loaded = LoadedModel.Load(
                    folder, evaluation: evaluation, device: ModelLoading.Device(parsed.GetValue(device)!), cancellation: cancellation);
                var plan = PlanChoice.For(loaded, wanted.Kind, wanted.Name, parsed.GetValue(set)!, size);
                var cut = plan.Cases.Select(c => c.Prompt).Distinct(StringComparer.Ordinal).Select(loaded.Pipeline.CutOffProblem).OfType<string>().ToList();
                if (cut.Count > 0)
                    Failures.Warn(asJson, $"{cut.Count} of the prompts are not read whole. The first: {cut[0]}");
                var painter = new Painter(loaded, new PaintSettings(parsed.GetValue(steps), PaintSettings.DefaultGuidance, PaintSettings.DefaultBatch));
                var before = Paint("before");
                using var applied = ModelLoading.Apply(loaded.Pipeline, parsed.GetValue(patches) ?? []);
                return (Comparison.Measure(loaded, plan, before, Paint("after"), cancellation), loaded.Backbones.Uses);

                Gallery Paint(string stage) => painter.Paint(
                    plan.Cases,
                    keepImages: loaded.Backbones.Lpips is not null,
                    done => progress.Report(new WorkStep(stage, (int)done, plan.Cases.Count)),
                    cancellation);
            });
            JsonText.Print(
                asJson,
                new
                {
                    metrics.Target,
                    metrics.Retention,
                    metrics.ClipScore,
                    metrics.Fid,
                    metrics.Kid,
                    metrics.SecondFid,
                    metrics.SecondKid,
                    metrics.Lpips,
                    backbones = uses,
                },
                () => string.Join('\n', [.. Describe(metrics), .. BackboneArguments.Describe(uses)]));
            return ExitCode.Success;
        });
        return command;
    }

    private static List<Seen> Look(string folder, FileInfo[] files, BackboneOptions evaluation, CancellationToken cancellation)
    {
        // The pictures are untrusted: they are refused by their header before anything is loaded for them.
        var pictures = files.Select(f => (f.FullName, Image: ImageCodec.Decode(Limited(f), Limits))).ToList();
        using var model = LoadedModel.Load(folder, evaluation: evaluation, cancellation: cancellation);
        return pictures.Select(p =>
        {
            cancellation.ThrowIfCancellationRequested();
            var (subject, style) = model.Reader.JudgeAll([p.Image])[0];
            return new Seen(p.FullName, subject, style, model.Reader.Describe(p.Image, cancellation));
        }).ToList();
    }

    private static byte[] Limited(FileInfo file)
    {
        if (!file.Exists)
            throw new FileNotFoundException($"Expected a picture at {file.FullName}, there is none.");
        return file.Length <= Limits.MaxBytes
            ? File.ReadAllBytes(file.FullName)
            : throw new ImageFormatException($"Expected a picture of at most {Limits.MaxBytes:N0} bytes, {file.Name} has {file.Length:N0}.");
    }

    private static IEnumerable<string> Describe(MetricsSummary metrics)
    {
        var (detection, retention) = (metrics.Target.Detection, metrics.Retention);
        yield return $"target detected   {detection.Before:0.00} -> {detection.After:0.00}   (n = {detection.N})";
        yield return retention.N == 0
            ? "others retained   not measured: none of them was seen before"
            : $"others retained   mean {retention.Mean:0.00}, worst {retention.Worst:0.00}   (n = {retention.N})";
        yield return metrics.ClipScore is { } clip
            ? $"CLIP score        {clip.Before:0.0} -> {clip.After:0.0}   (n = {clip.N})"
            : "CLIP score        not measured: no CLIP";
        foreach (var (fid, kid) in new[] { (metrics.Fid, metrics.Kid), (metrics.SecondFid, metrics.SecondKid) })
        {
            if (fid is not null)
            {
                var resamples = fid.Resamples is { } count ? $", {count} resamples" : "";
                yield return $"{fid.Backbone}   {Math.Max(0, fid.Value):0.000}   ({Bounds(fid.Interval, i => $"{i:0.000}")}, n = {fid.N}{resamples})";
            }

            if (kid is not null)
                yield return $"{kid.Backbone} x 1000   {kid.Value * 1000:0.00}   ({Bounds(kid.Interval, i => $"{i * 1000:0.00}")}, n = {kid.N})";
        }

        if (metrics.Lpips is { } lpips)
        {
            yield return $"LPIPS ({lpips.Backbone})   target {lpips.Target.Mean:0.000} (n = {lpips.TargetN}), "
                + $"others {lpips.Others?.Mean:0.000} (n = {lpips.OthersN})";
        }
    }

    private static string Bounds(Interval? interval, Func<double, string> text) =>
        interval is null ? "no interval: resampling would take minutes" : $"95 % {text(interval.Low)} to {text(interval.High)}";

    private sealed record Seen(string Path, string Object, string Style, IReadOnlyList<string> Supplied);
}
