using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Worker.Stages;

/// <summary>Writes the evidence. Nothing in it depends on when or where the run happened.</summary>
internal static class EvidenceStage
{
    public static async Task<RunOutcome> RunAsync(
        RunContext context,
        LoadOutput load,
        StoredGallery baseline,
        AttributeOutput attribution,
        AblateOutput ablation,
        GenerateOutput generated,
        MeasureOutput measured,
        RedTeamOutput redTeam,
        CancellationToken cancellation)
    {
        context.Report(RunStage.Evidence, 0, 1, "evidence");
        var edit = ablation.Of(generated.Chosen);
        var gallery = generated.ChosenGallery();
        var pairs = Comparison.Pair(load.Evaluation, baseline.Images, gallery.Images);
        var document = new EvidenceDocument
        {
            Request = EvidenceRequest.From(context.Request, context.ModelName),
            BaseDigest = load.BaseDigest,
            Components = load.Components,
            PatchDigest = edit.Patch,
            ResultDigest = edit.ResultDigest,
            ChosenDose = edit.Dose,
            AblatedWeights = edit.Count,
            Metrics = measured.Chosen,
            DoseCurve = measured.Curve,
            Policy = load.Policy.Name,
            Gates = measured.Gates,
            Gallery = EvidenceGallery.From([.. pairs.Select(pair => Entry(context.Request.ConceptKind, pair))]),
            Environment = load.Environment,
            Faithfulness = attribution.Faithfulness,
            Controls = measured.Controls,
            RedTeam = redTeam.RedTeam,
            Location = redTeam.Location,
            Trace = redTeam.Trace,
            Specificity = redTeam.Specificity,
            Method = load.Method with
            {
                Stability = attribution.Summary.Stability,
                Scores = attribution.Scores,
                Settings = load.Settings.ToJson(),
                Variant = ablation.Variant,
                TargetByClip = Comparison.TargetByClip(load.Evaluation, baseline.Images, gallery.Images),
            },
        };
        var artifact = await context.Artifacts.PutAsync(document.ToBytes(), cancellation);
        return new RunOutcome(document.Digest(), artifact, edit.Patch, edit.ResultDigest, edit.Dose, GateRule.AllPassed(measured.Gates));
    }

    private static GalleryEntry Entry(ConceptKind kind, CasePair pair) => new(
        pair.Case.Group.ToString().ToLowerInvariant(),
        pair.Case.Prompt,
        pair.Case.Seed,
        pair.Before.Image,
        pair.After.Image,
        Sensitive: pair.Case.ShowsNudity(kind),
        Label(pair.Case, pair.Before),
        Label(pair.Case, pair.After),
        pair.Case.Guidance);

    private static string Label(EvaluationCase item, ImageReading reading) => item.IsStyle ? reading.JudgeStyle : reading.JudgeObject;
}
