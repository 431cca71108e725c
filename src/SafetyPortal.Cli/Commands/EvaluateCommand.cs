using System.CommandLine;
using System.Globalization;
using SafetyPortal.Cli.Output;
using SafetyPortal.Evaluation;
using SafetyPortal.Images;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Worker.Measuring;
using SafetyPortal.Worker.Models;
using SafetyPortal.Worker.Plans;
using SafetyPortal.Worker.Running;

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
        var concept = new Option<string>("--concept") { Description = $"What the patch should erase: {ConceptArgument.Syntax}.", DefaultValueFactory = _ => "object:church" };
        var patches = new Option<FileInfo[]>("--patch") { Description = "Patch to measure; may be repeated, they stack in order." };
        var images = new Option<FileInfo[]>("--image") { Description = "Picture to show to the judge instead; may be repeated." };
        var set = new Option<string>("--set") { Description = "Evaluation set.", DefaultValueFactory = _ => PromptFolder.DefaultSet };
        var steps = new Option<int>("--steps") { Description = "Denoising steps per image.", DefaultValueFactory = _ => 25 };
        var perConcept = new Option<int>("--per-concept") { Description = "Images for each other concept.", DefaultValueFactory = _ => EvaluationSize.Default.PerConcept };
        var targets = new Option<int>("--targets") { Description = "Images of the target.", DefaultValueFactory = _ => EvaluationSize.Default.Target };
        var backbones = new BackboneArguments();
        var command = new Command("evaluate", "Measure what a patch changes.") { model, concept, patches, images, set, steps, targets, perConcept, device, threads, json };
        backbones.AddTo(command);
        command.SetGuardedAction(json, async (parsed, cancellation) =>
        {
            TorchThreads.Set(parsed.GetValue(threads));
            var asJson = parsed.GetValue(json);
            var folder = parsed.GetValue(model)!;
            if (!folder.Exists) throw new DirectoryNotFoundException($"Expected a model folder at {folder.FullName}, there is none.");
            var evaluation = backbones.Read(parsed);
            if (parsed.GetValue(images) is { Length: > 0 } files)
            {
                var seen = await Task.Run(() => Look(folder, files, evaluation), cancellation);
                JsonText.Print(asJson, seen, () => string.Join('\n', seen.Select(s => string.Join("; ", [$"{s.Path}: {s.Object}, style {s.Style}", .. s.Supplied]))));
                return ExitCode.Success;
            }

            var wanted = ConceptArgument.Parse(parsed.GetValue(concept)!);
            var size = new EvaluationSize(parsed.GetValue(targets), parsed.GetValue(perConcept));
            var metrics = await ProgressDisplay.Run(asJson, progress => Task.Run(() =>
            {
                using var loaded = LoadedModel.Load(folder.FullName, evaluation: evaluation, device: ModelLoading.Device(parsed.GetValue(device)!));
                var plan = PlanChoice.For(loaded, wanted.Kind, wanted.Name, parsed.GetValue(set)!, size);
                var painting = new PaintSettings(parsed.GetValue(steps), PaintSettings.DefaultGuidance, PaintSettings.DefaultBatch);
                var before = Paint(loaded, plan, painting, progress, "before", cancellation);
                using var applied = ModelLoading.Apply(loaded.Pipeline, parsed.GetValue(patches) ?? []);
                var after = Paint(loaded, plan, painting, progress, "after", cancellation);
                return Measure(loaded, plan, before, after);
            }, cancellation));
            JsonText.Print(asJson, metrics, () => Describe(metrics));
            return ExitCode.Success;
        });
        return command;
    }

    private static MetricsSummary Measure(LoadedModel model, EvaluationPlan plan, Painted before, Painted after)
    {
        var metrics = Comparison.Between(plan, before.Gallery, after.Gallery);
        var others = Enumerable.Range(0, plan.Cases.Count).Where(i => plan.Cases[i].Group != CaseGroup.Target).ToList();
        if (others.Count >= 2)
        {
            var (first, second) = (FeatureStatistics.Of(before.Features.ToFeatures().Select(others)), FeatureStatistics.Of(after.Features.ToFeatures().Select(others)));
            metrics = metrics with { Fid = new(Fid.Distance(first, second), others.Count, FidBackbone.Name(model.Backbones.Uses, others.Count)) };
        }

        return model.Backbones.Lpips is { } lpips
            ? metrics with { Lpips = PairDistances.Measure(lpips, [.. plan.Cases.Select((item, i) => (item, before.Images[i], after.Images[i]))]) }
            : metrics;
    }

    private static Painted Paint(
        LoadedModel model, EvaluationPlan plan, PaintSettings settings, IProgress<WorkStep> progress, string stage, CancellationToken cancellation)
    {
        var readings = new List<ImageReading>();
        var pictures = new List<Raster>();
        var features = new FeatureRows();
        foreach (var chunk in plan.Cases.Chunk(settings.BatchSize))
        {
            var images = Painter.Paint(model.Pipeline, chunk, settings, progress: null, cancellation);
            readings.AddRange(model.Reader.Read(images, chunk, features));
            if (model.Backbones.Lpips is not null) pictures.AddRange(images);
            progress.Report(new WorkStep(stage, readings.Count, plan.Cases.Count));
        }

        return new(new Gallery(readings, Features: string.Empty), pictures, features);
    }

    private static List<Seen> Look(DirectoryInfo folder, FileInfo[] files, BackboneOptions evaluation)
    {
        // The pictures are untrusted: they are refused by their header before anything is loaded for them.
        var pictures = files.Select(f => (f.FullName, Image: ImageCodec.Decode(Limited(f), Limits))).ToList();
        using var model = LoadedModel.Load(folder.FullName, evaluation: evaluation);
        return pictures.Select(p =>
        {
            var (subject, style) = model.Reader.Judge(p.Image);
            return new Seen(p.FullName, subject, style, model.Backbones.Describe(p.Image));
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
        others retained   mean {metrics.Retention.Mean:0.00}, worst {metrics.Retention.Worst:0.00}   (n = {metrics.Retention.N})
        CLIP score        {metrics.ClipScore?.Before:0.0} -> {metrics.ClipScore?.After:0.0}   (n = {metrics.ClipScore?.N})
        {FidLine(metrics.Fid)}{LpipsLine(metrics.Lpips)}
        """).TrimEnd();

    private static string FidLine(FidMetrics? fid) => fid is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{fid.Backbone}   {Math.Max(0, fid.Value):0.00}   (n = {fid.N})\n");

    private static string LpipsLine(LpipsMetrics? lpips) => lpips is null ? "" : string.Create(
        CultureInfo.InvariantCulture,
        $"LPIPS ({lpips.Backbone})   target {lpips.Target.Mean:0.000} (n = {lpips.TargetN}), others {lpips.Others?.Mean:0.000} (n = {lpips.OthersN})");

    private sealed record Painted(Gallery Gallery, IReadOnlyList<Raster> Images, FeatureRows Features);

    private sealed record Seen(string Path, string Object, string Style, IReadOnlyList<string> Supplied);
}
