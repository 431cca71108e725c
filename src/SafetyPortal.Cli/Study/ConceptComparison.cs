using System.Diagnostics;
using SafetyPortal.Cli.Commands;
using SafetyPortal.Cli.Output;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Faithfulness;
using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Evaluation;
using SafetyPortal.Images;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Policies;
using SafetyPortal.Worker.Edits;
using SafetyPortal.Worker.Measuring;
using SafetyPortal.Worker.Models;
using SafetyPortal.Worker.Plans;
using SafetyPortal.Worker.Probing;

namespace SafetyPortal.Cli.Study;

/// <summary>Edits one concept in every way and measures each on the same images. The model is unedited before and after.</summary>
internal sealed class ConceptComparison(LoadedModel model, StudyPainter painter, StudySettings settings, IProgress<WorkStep> progress)
{
    private const int SheetColumns = 16;

    private sealed record Edit(string Code, string Name, double? Dose, AblationPatch? Patch, double Seconds, bool Probed);

    /// <summary>The figures without probes, the contact sheet (a row per model, half of it the concept's prompts), and the patches to probe, by the code of their model.</summary>
    public (StudiedConcept Result, Raster Sheet, IReadOnlyDictionary<string, AblationPatch> Patches) Run(ConceptArgument concept, CancellationToken cancellation)
    {
        var title = concept.Kind == ConceptKind.Nudity ? "nudity" : concept.Name;
        var rows = model.PromptRows(PromptFolder.DefaultSet);
        EditSettings Asked(EraseMethod method) =>
            EditSettings.Default(concept.Kind, concept.Name, ModelScan.Objects(rows), ModelScan.Styles(rows), method, settings.Seed);

        var edits = new List<Edit> { new("unedited", "unedited", null, null, 0, Probed: false) };
        var (cad, controls, faithfulness) = Plain(Asked(EraseMethod.Cad), title, cancellation);
        edits.Add(cad);
        edits.Add(Improved(Asked(EraseMethod.Improved), title, cancellation));
        edits.AddRange(controls);

        var plan = PlanChoice.For(model, concept.Kind, concept.Name, PromptFolder.DefaultSet, settings.Images);
        var neutral = Neutral(concept, plan);
        var before = painter.Before(plan, Counter($"{title}: unedited", plan.Cases.Count), cancellation);
        var neutralBefore = painter.Before(neutral, Counter($"{title}: unedited, without the concept", neutral.Cases.Count), cancellation);
        var arms = new List<StudiedArm>();
        var tiles = new List<Raster>();
        foreach (var edit in edits)
        {
            cancellation.ThrowIfCancellationRequested();
            var after = edit.Patch is null ? before : Paint(edit, plan, title, cancellation);
            var specificity = edit.Patch is null ? null : Specificity(neutral, neutralBefore, Paint(edit, neutral, title, cancellation));
            var (metrics, kid) = StudyPainter.Compare(plan, before, after);
            arms.Add(new StudiedArm(
                edit.Code, edit.Name, edit.Dose, edit.Patch?.Count ?? 0, metrics, kid, specificity, RedTeam: null, edit.Seconds));
            tiles.AddRange(Row(plan, after.Images));
        }

        var prompts = Asked(EraseMethod.Cad).Prompts.Select(p => p.Concept).ToList();
        return (
            new StudiedConcept(settings.Fingerprint(model.Digest), concept.Kind, concept.Name, prompts, faithfulness, arms),
            ContactSheet.Arrange(tiles, SheetColumns),
            edits.Where(e => e.Probed).ToDictionary(e => e.Code, e => e.Patch!, StringComparer.Ordinal));
    }

    /// <summary>Tries to bring the concept back, by the probes of the settings.</summary>
    public RedTeamEvidence Probe(ConceptArgument concept, string code, AblationPatch patch, CancellationToken cancellation)
    {
        var title = concept.Kind == ConceptKind.Nudity ? "nudity" : concept.Name;
        var size = settings.Budget == ProbeSettings.Full.Name ? ProbeSettings.Full : ProbeSettings.Small;
        var order = new RedTeamOrder(concept.Kind, concept.Name, settings.Probes, size with { Seed = settings.Seed, Steps = settings.Painting.Steps });
        return RedTeamRun.Run(model, patch, order, new Probing(progress, $"{title}: {code}"), cancellation).Evidence;
    }

    private (Edit Edit, IReadOnlyList<Edit> Controls, FaithfulnessSummary Faithfulness) Plain(EditSettings asked, string title, CancellationToken cancellation)
    {
        using var attribution = ComponentAttribution.Run(model.Pipeline, asked.Attribution(), new Attributing(progress, $"{title}: attribution"), cancellation);
        var report = FaithfulnessCheck.Run(
            model.Pipeline,
            attribution,
            new FaithfulnessSettings { Seed = settings.Seed },
            (done, all) => progress.Report(new WorkStep($"{title}: faithfulness", done, all)),
            cancellation);
        using var bench = new EditBench(model, asked, attribution);
        var (edit, patch) = Chosen(bench, asked, "cad", attribution.Elapsed.TotalSeconds, title, cancellation);
        progress.Report(new WorkStep($"{title}: controls", 0, 0));
        var clock = Stopwatch.StartNew();
        var made = bench.Controls(edit.Dose!.Value, patch, cancellation);
        var each = clock.Elapsed.TotalSeconds / made.Count;
        return (
            edit,
            [.. made.Select(c => new Edit(c.Code, c.Name, edit.Dose, c.Patch, each, Probed: false))],
            FaithfulnessEvidence.Summary(report, attribution.Summary.Stability, artifact: string.Empty));
    }

    private Edit Improved(EditSettings asked, string title, CancellationToken cancellation)
    {
        using var attribution = ComponentAttribution.Run(model.Pipeline, asked.Attribution(), new Attributing(progress, $"{title}: attribution"), cancellation);
        using var bench = new EditBench(model, asked, attribution);
        return Chosen(bench, asked, "improved", attribution.Elapsed.TotalSeconds, title, cancellation).Edit;
    }

    private (Edit Edit, AblationPatch Patch) Chosen(
        EditBench bench, EditSettings asked, string code, double attributionSeconds, string title, CancellationToken cancellation)
    {
        progress.Report(new WorkStep($"{title}: search for the dose", 0, 0, code));
        var clock = Stopwatch.StartNew();
        var gallery = EditChooser.SearchGallery(model, asked, EditChooser.SearchSize);
        var best = DoseSearch.Best(DoseSearch.Run(bench, gallery, EditChooser.DefaultDoses, PolicyDocument.Default, progress: null, cancellation));
        return (
            new Edit(code, asked.Method.Describe(), best.Dose, best.Patch, attributionSeconds + clock.Elapsed.TotalSeconds, Probed: true),
            best.Patch);
    }

    /// <summary>Target prompts without the concept, same seeds: what the edit should leave alone.</summary>
    private static EvaluationPlan Neutral(ConceptArgument concept, EvaluationPlan plan)
    {
        var targets = plan.Cases.Where(c => c.Group == CaseGroup.Target).ToList();
        var words = ConceptPhrases.Words(concept.Kind, targets[0].Concept, []);
        return new([.. Spread(targets, SheetColumns / 2).Select(c => c with { Prompt = ConceptPhrases.Without(c.Prompt, words), Group = CaseGroup.Unrelated })]);
    }

    private SpecificityMetrics Specificity(EvaluationPlan neutral, StudyGallery before, StudyGallery after)
    {
        var ssim = before.Images.Zip(after.Images, Ssim.Compare).ToArray();
        return new SpecificityMetrics(
            ssim.Length,
            [.. neutral.Cases.Select(c => c.Prompt).Distinct(StringComparer.Ordinal)],
            Mean(ssim),
            Mean([.. Enumerable.Range(0, ssim.Length).Select(i => Distance(before.Features[i], after.Features[i]))]),
            "demo encoder, 1 - cosine",
            Rate(ssim.Count(s => s >= SpecificityMetrics.UnchangedSsim), ssim.Length));
    }

    // The encoder's features have length one, so that their dot product is the cosine.
    private static double Distance(ReadOnlySpan<float> first, ReadOnlySpan<float> second)
    {
        var cosine = 0.0;
        for (var i = 0; i < first.Length; i++) cosine += (double)first[i] * second[i];
        return Math.Max(0, 1 - cosine);
    }

    private static DetectionRate Rate(int hits, int n)
    {
        var estimate = Intervals.Wilson(hits, n);
        return new DetectionRate(estimate.Value, n, new Interval(estimate.Low, estimate.High));
    }

    private static MeanEstimate Mean(double[] values)
    {
        var estimate = Intervals.BootstrapMean(values, seed: 0);
        return new MeanEstimate(estimate.Value, new Interval(estimate.Low, estimate.High));
    }

    private StudyGallery Paint(Edit edit, EvaluationPlan plan, string title, CancellationToken cancellation)
    {
        using var applied = AppliedPatch.Apply(model.Pipeline.Unet, edit.Patch!);
        return painter.After(plan, Counter($"{title}: {edit.Code}", plan.Cases.Count), cancellation);
    }

    // As many target images as others, from the front of each: the rows of the sheet hold the same prompts and seeds.
    private static IEnumerable<Raster> Row(EvaluationPlan plan, IReadOnlyList<Raster> images)
    {
        var target = Enumerable.Range(0, images.Count).Where(i => plan.Cases[i].Group == CaseGroup.Target).ToList();
        var others = Enumerable.Range(0, images.Count).Except(target).ToList();
        return Spread(target, SheetColumns / 2).Concat(Spread(others, SheetColumns / 2)).Select(i => images[i]);
    }

    private static IEnumerable<T> Spread<T>(List<T> items, int count) => Enumerable.Range(0, count).Select(i => items[(int)((long)i * items.Count / count)]);

    private Action<int> Counter(string stage, int all)
    {
        var done = 0;
        return made => progress.Report(new WorkStep(stage, done += made, all));
    }

    private sealed class Attributing(IProgress<WorkStep> progress, string stage) : IProgress<AttributionProgress>
    {
        public void Report(AttributionProgress value) => progress.Report(new WorkStep(stage, value.Step, value.Steps));
    }

    private sealed class Probing(IProgress<WorkStep> progress, string stage) : IProgress<ProbeProgress>
    {
        public void Report(ProbeProgress value) => progress.Report(new WorkStep($"{stage}: {value.Code}", (int)value.Calls, (int)value.Limit));
    }
}
