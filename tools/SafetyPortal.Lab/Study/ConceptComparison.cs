using SafetyPortal.Cli.Commands;
using SafetyPortal.Cli.Output;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Faithfulness;
using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Images;
using SafetyPortal.Requests;
using SafetyPortal.Trials.Edits;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;
using SafetyPortal.Trials.Probing;

namespace SafetyPortal.Lab.Study;

/// <summary>Edits one concept in every way and measures each on the same images. The model is unedited before and after.</summary>
internal sealed class ConceptComparison(LoadedModel model, StudySettings settings, IProgress<WorkStep> progress)
{
    private const int SheetColumns = 16;

    private readonly Painter painter = new(model, settings.Painting);

    // Many concepts share images of the unedited model.
    private readonly Dictionary<(string Prompt, long Seed), Raster> unedited = [];

    private sealed record Edit(string Code, string Name, double? Dose, AblationPatch? Patch, double Seconds, bool Probed);

    /// <returns>
    /// The figures without probes, the contact sheet (a row per model, half of it the concept's prompts), and the patches to probe by the code of their
    /// model.
    /// </returns>
    public (StudiedConcept Result, Raster Sheet, IReadOnlyDictionary<string, AblationPatch> Patches) Run(
        ConceptArgument concept, CancellationToken cancellation)
    {
        var title = concept.Name;
        var rows = model.PromptRows(PromptFolder.DefaultSet);
        EditSettings Settings(EraseMethod method) =>
            EditSettings.Default(concept.Kind, concept.Name, ModelScan.Objects(rows), ModelScan.Styles(rows), method, settings.Seed);

        var edits = new List<Edit> { new("unedited", "unedited", null, null, 0, Probed: false) };
        var (plain, faithfulness) = Plain(Settings(EraseMethod.Cad), title, cancellation);
        edits.AddRange([plain[0], Improved(Settings(EraseMethod.Improved), title, cancellation), .. plain.Skip(1)]);

        var plan = PlanChoice.For(model, concept.Kind, concept.Name, PromptFolder.DefaultSet, settings.Images);
        var neutral = Neutral(concept, plan);
        var before = Before(plan, Counter($"{title}: unedited", plan.Cases.Count), cancellation);
        var neutralBefore = Before(neutral, Counter($"{title}: unedited, without the concept", neutral.Cases.Count), cancellation);
        var arms = new List<StudiedArm>();
        var tiles = new List<Raster>();
        foreach (var edit in edits)
        {
            cancellation.ThrowIfCancellationRequested();
            var after = edit.Patch is null ? before : Paint(edit, plan, title, cancellation);
            var specificity = edit.Patch is null
                ? null
                : Specificity.Measure(model, neutral.Cases.Select(c => c.Prompt), neutralBefore.Images, Paint(edit, neutral, title, cancellation).Images);
            var metrics = Comparison.Measure(model, plan, before, after);
            arms.Add(new StudiedArm(edit.Code, edit.Name, edit.Dose, edit.Patch?.Count ?? 0, metrics, specificity, RedTeam: null, edit.Seconds));
            tiles.AddRange(Row(plan, after.Images));
        }

        var prompts = Settings(EraseMethod.Cad).Prompts.Select(p => p.Concept).ToList();
        return (
            new StudiedConcept(settings.Fingerprint(model), concept.Kind, concept.Name, prompts, faithfulness, arms),
            ContactSheet.Arrange(tiles, SheetColumns),
            edits.Where(e => e.Probed).ToDictionary(e => e.Code, e => e.Patch!, StringComparer.Ordinal));
    }

    /// <summary>Tries to bring the concept back.</summary>
    public RedTeamEvidence Probe(ConceptArgument concept, string code, AblationPatch patch, IReadOnlyList<string> probes, CancellationToken cancellation)
    {
        var title = concept.Name;
        var size = settings.Budget == ProbeSettings.Full.Name ? ProbeSettings.Full : ProbeSettings.Small;
        var order = new RedTeamOrder(concept.Kind, concept.Name, probes, size with { Seed = settings.Seed, Steps = settings.Painting.Steps });
        var relay = new Relay<ProbeProgress>(p => progress.Report(new WorkStep($"{title}: {code}: {p.Code}", (int)p.Calls, (int)p.Limit)));
        return RedTeamRun.Run(model, patch, order, relay, cancellation).Evidence;
    }

    private (IReadOnlyList<Edit> Edits, FaithfulnessSummary Faithfulness) Plain(EditSettings edit, string title, CancellationToken cancellation)
    {
        using var attribution = Attribute(edit, title, cancellation);
        var report = FaithfulnessCheck.Run(
            model.Pipeline,
            attribution,
            new FaithfulnessSettings { Seed = settings.Seed },
            (done, all) => progress.Report(new WorkStep($"{title}: faithfulness", done, all)),
            cancellation);
        progress.Report(new WorkStep($"{title}: search for the dose, and controls", 0, 0, "cad"));
        var chosen = EditChooser.Choose(model, edit, attribution, withControls: true, cancellation);
        var each = chosen.ControlSeconds / chosen.Controls.Count;
        return (
            [
                Chosen("cad", edit, attribution, chosen),
                .. chosen.Controls.Select(c => new Edit(c.Code, c.Name, chosen.Dose, c.Patch, each, Probed: false)),
            ],
            FaithfulnessEvidence.Summary(report, attribution.Summary.Stability, artifact: string.Empty));
    }

    private Edit Improved(EditSettings edit, string title, CancellationToken cancellation)
    {
        using var attribution = Attribute(edit, title, cancellation);
        progress.Report(new WorkStep($"{title}: search for the dose", 0, 0, "improved"));
        return Chosen("improved", edit, attribution, EditChooser.Choose(model, edit, attribution, withControls: false, cancellation));
    }

    private AttributionResult Attribute(EditSettings edit, string title, CancellationToken cancellation)
    {
        var relay = new Relay<AttributionProgress>(p => progress.Report(new WorkStep($"{title}: attribution", p.Step, p.Steps)));
        return ComponentAttribution.Run(model.Pipeline, edit.Attribution(), relay, cancellation);
    }

    private static Edit Chosen(string code, EditSettings edit, AttributionResult attribution, EditProposal chosen) => new(
        code, edit.Method.Describe(), chosen.Dose, chosen.Patch, attribution.Elapsed.TotalSeconds + chosen.EditSeconds, Probed: true);

    /// <summary>Target prompts without the concept, same seeds: what the edit should leave alone.</summary>
    private static EvaluationPlan Neutral(ConceptArgument concept, EvaluationPlan plan)
    {
        var targets = plan.Cases.Where(c => c.Group == CaseGroup.Target).ToList();
        var words = ConceptPhrases.Words(concept.Kind, targets[0].Concept, []);
        return new([.. Spread(targets, SheetColumns / 2).Select(c =>
            c with { Prompt = ConceptPhrases.Without(c.Prompt, words), Group = CaseGroup.Unrelated })]);
    }

    // Call it while no patch is in force.
    private Gallery Before(EvaluationPlan plan, Action<double> report, CancellationToken cancellation)
    {
        var missing = plan.Cases.Where(c => !unedited.ContainsKey((c.Prompt, c.Seed))).ToList();
        foreach (var (item, image) in missing.Zip(painter.Images(missing, report, cancellation)))
            unedited[(item.Prompt, item.Seed)] = image;
        return painter.Read(plan.Cases, [.. plan.Cases.Select(c => unedited[(c.Prompt, c.Seed)])]);
    }

    private Gallery Paint(Edit edit, EvaluationPlan plan, string title, CancellationToken cancellation)
    {
        using var applied = AppliedPatch.Apply(model.Pipeline.Unet, edit.Patch!);
        return painter.Paint(plan.Cases, keepImages: true, Counter($"{title}: {edit.Code}", plan.Cases.Count), cancellation);
    }

    // As many target images as others, spread over each: the rows of the sheet hold the same prompts and seeds.
    private static IEnumerable<Raster> Row(EvaluationPlan plan, IReadOnlyList<Raster> images)
    {
        var target = Enumerable.Range(0, images.Count).Where(i => plan.Cases[i].Group == CaseGroup.Target).ToList();
        var others = Enumerable.Range(0, images.Count).Except(target).ToList();
        return Spread(target, SheetColumns / 2).Concat(Spread(others, SheetColumns / 2)).Select(i => images[i]);
    }

    private static IEnumerable<T> Spread<T>(List<T> items, int count) => Enumerable.Range(0, count).Select(i => items[(int)((long)i * items.Count / count)]);

    private Action<double> Counter(string stage, int all) => done => progress.Report(new WorkStep(stage, (int)done, all));

    private sealed class Relay<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
