using System.CommandLine;
using System.Globalization;
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
        var images = new Option<FileInfo[]>("--image") { Description = "Picture to show to the judge instead; may be repeated." };
        var set = new Option<string>("--set") { Description = "Evaluation set.", DefaultValueFactory = _ => PromptFolder.DefaultSet };
        var steps = CommonOptions.Number("--steps", "Denoising steps per image.", 25, most: 1000);
        var perConcept = CommonOptions.Number("--per-concept", "Images for each other concept.", EvaluationSize.Default.PerConcept);
        var targets = CommonOptions.Number("--targets", "Images of the target.", EvaluationSize.Default.Target);
        var backbones = new BackboneArguments();
        var command = new Command("evaluate", "Measure what a patch changes.") { model, concept, patches, images, set, steps, targets, perConcept, device, threads, json };
        backbones.AddTo(command);
        command.AddCheck(result =>
        {
            if (result.GetValue(images) is { Length: > 0 })
                result.RefuseIgnored("has no effect with --image, which shows given pictures to the judge and draws none.", patches, concept, set, steps, targets, perConcept);
        });
        command.SetGuardedAction(json, async (parsed, cancellation) =>
        {
            var asJson = parsed.GetValue(json);
            var folder = parsed.GetValue(model)!;
            if (!folder.Exists) throw new DirectoryNotFoundException($"Expected a model folder at {folder.FullName}, there is none.");
            var evaluation = backbones.Read(parsed);
            if (parsed.GetValue(images) is { Length: > 0 } files)
            {
                var seen = await ProgressDisplay.RunTorch(quiet: true, parsed.GetValue(threads), _ => Look(folder, files, evaluation, parsed.GetValue(device)!, cancellation));
                JsonText.Print(asJson, seen, () => string.Join('\n', seen.Select(s => string.Join("; ", [$"{s.Path}: {s.Object}, style {s.Style}", .. s.Supplied]))));
                return ExitCode.Success;
            }

            var wanted = parsed.GetValue(concept)!;
            var size = new EvaluationSize(parsed.GetValue(targets), parsed.GetValue(perConcept));
            var (metrics, uses) = await ProgressDisplay.RunTorch(asJson, parsed.GetValue(threads), progress =>
            {
                using var loaded = LoadedModel.Load(folder.FullName, evaluation: evaluation, device: ModelLoading.Device(parsed.GetValue(device)!));
                var plan = PlanChoice.For(loaded, wanted.Kind, wanted.Name, parsed.GetValue(set)!, size);
                var cut = plan.Cases.Select(c => c.Prompt).Distinct(StringComparer.Ordinal).Select(loaded.Pipeline.CutOffProblem).OfType<string>().ToList();
                if (cut.Count > 0) Failures.Warn(asJson, $"{cut.Count} of the prompts are not read whole. The first: {cut[0]}");
                var painter = new Painter(loaded, new PaintSettings(parsed.GetValue(steps), PaintSettings.DefaultGuidance, PaintSettings.DefaultBatch));
                var keep = loaded.Backbones.Lpips is not null;
                var before = painter.Paint(plan.Cases, keep, Counter(progress, "before", plan), cancellation);
                using var applied = ModelLoading.Apply(loaded.Pipeline, parsed.GetValue(patches) ?? []);
                return (Comparison.Measure(loaded, plan, before, painter.Paint(plan.Cases, keep, Counter(progress, "after", plan), cancellation)), loaded.Backbones.Uses);
            });
            JsonText.Print(
                asJson,
                new { metrics.Target, metrics.Retention, metrics.ClipScore, metrics.Fid, metrics.Kid, metrics.SecondFid, metrics.SecondKid, metrics.Lpips, backbones = uses },
                () => string.Join('\n', [Describe(metrics), .. BackboneText.Lines(uses)]));
            return ExitCode.Success;
        });
        return command;
    }

    private static Action<double> Counter(IProgress<WorkStep> progress, string stage, EvaluationPlan plan) =>
        done => progress.Report(new WorkStep(stage, (int)done, plan.Cases.Count));

    private static List<Seen> Look(DirectoryInfo folder, FileInfo[] files, BackboneOptions evaluation, string device, CancellationToken cancellation)
    {
        // The pictures are untrusted: they are refused by their header before anything is loaded for them.
        var pictures = files.Select(f => (f.FullName, Image: ImageCodec.Decode(Limited(f), Limits))).ToList();
        using var model = LoadedModel.Load(folder.FullName, evaluation: evaluation, device: ModelLoading.Device(device));
        return pictures.Select(p =>
        {
            var (subject, style) = model.Reader.Judge(p.Image);
            return new Seen(p.FullName, subject, style, model.Backbones.Describe(p.Image, cancellation));
        }).ToList();
    }

    private static byte[] Limited(FileInfo file)
    {
        if (!file.Exists) throw new FileNotFoundException($"Expected a picture at {file.FullName}, there is none.");
        return file.Length <= Limits.MaxBytes
            ? File.ReadAllBytes(file.FullName)
            : throw new ImageFormatException($"Expected a picture of at most {Limits.MaxBytes:N0} bytes, {file.Name} has {file.Length:N0}.");
    }

    private static string Describe(MetricsSummary metrics) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        target detected   {metrics.Target.Detection.Before:0.00} -> {metrics.Target.Detection.After:0.00}   (n = {metrics.Target.Detection.N})
        others retained   {(metrics.Retention.N == 0 ? "not measured: none of them was seen before" : string.Create(CultureInfo.InvariantCulture, $"mean {metrics.Retention.Mean:0.00}, worst {metrics.Retention.Worst:0.00}   (n = {metrics.Retention.N})"))}
        CLIP score        {(metrics.ClipScore is { } clip ? string.Create(CultureInfo.InvariantCulture, $"{clip.Before:0.0} -> {clip.After:0.0}   (n = {clip.N})") : "not measured: no CLIP")}
        {FidLine(metrics.Fid)}{KidLine(metrics.Kid)}{FidLine(metrics.SecondFid)}{KidLine(metrics.SecondKid)}{LpipsLine(metrics.Lpips)}
        """).TrimEnd();

    private static string FidLine(FidMetrics? fid) => fid is null ? "" : string.Create(
        CultureInfo.InvariantCulture,
        $"{fid.Backbone}   {Math.Max(0, fid.Value):0.000}   ({Bounds(fid.Interval, 1, "0.000")}, n = {fid.N}{(fid.Resamples is { } resamples ? $", {resamples} resamples" : "")})\n");

    private static string KidLine(KidMetrics? kid) => kid is null ? "" : string.Create(
        CultureInfo.InvariantCulture, $"{kid.Backbone} x 1000   {kid.Value * 1000:0.00}   ({Bounds(kid.Interval, 1000, "0.00")}, n = {kid.N})\n");

    private static string Bounds(Interval? interval, double unit, string format) => interval is null
        ? "no interval: resampling would take minutes"
        : $"95 % {(interval.Low * unit).ToString(format, CultureInfo.InvariantCulture)} to {(interval.High * unit).ToString(format, CultureInfo.InvariantCulture)}";

    private static string LpipsLine(LpipsMetrics? lpips) => lpips is null ? "" : string.Create(
        CultureInfo.InvariantCulture,
        $"LPIPS ({lpips.Backbone})   target {lpips.Target.Mean:0.000} (n = {lpips.TargetN}), others {lpips.Others?.Mean:0.000} (n = {lpips.OthersN})");

    private sealed record Seen(string Path, string Object, string Style, IReadOnlyList<string> Supplied);
}
