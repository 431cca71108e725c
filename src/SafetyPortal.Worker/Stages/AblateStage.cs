using System.Globalization;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Methods;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Stages;

/// <summary>Makes the patch of every dose, with two controls of the same size per tensor: random weights and the largest ones.</summary>
internal static class AblateStage
{
    public static async Task<AblateOutput> RunAsync(RunContext context, LoadOutput load, AttributeOutput attribution, CancellationToken cancellation)
    {
        var doses = context.Request.Doses;
        var scores = await context.Artifacts.PathOfAsync(attribution.Scores, cancellation);
        var patches = new List<DosePatches>();
        foreach (var dose in doses)
        {
            cancellation.ThrowIfCancellationRequested();
            context.Report(RunStage.Ablate, patches.Count, doses.Count, string.Create(CultureInfo.InvariantCulture, $"dose {dose}"));
            var made = await context.Compute(() => Make(context, scores, dose));
            patches.Add(new DosePatches(
                dose,
                made.Edit.Count,
                await context.PutWrittenAsync(made.Edit.Save, cancellation),
                made.Edit.ResultDigest,
                await context.PutWrittenAsync(made.Placebo.Save, cancellation),
                await context.PutWrittenAsync(made.Largest.Save, cancellation)));
        }

        return new AblateOutput(patches);
    }

    private static (AblationPatch Edit, AblationPatch Placebo, AblationPatch Largest) Make(RunContext context, string scores, double dose)
    {
        var request = context.Request;
        var unet = context.Model.Pipeline.Unet;
        var settings = new AblationSettings(dose, (AblationScope)(int)request.Scope);
        using var attribution = AttributionResult.Load(scores);
        var mask = MaskSelection.From(attribution.Scores, settings);
        var notes = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["concept"] = $"{request.ConceptKind.ToString().ToLowerInvariant()}:{request.ConceptName}",
            ["dose"] = dose.ToString(CultureInfo.InvariantCulture),
            ["scope"] = settings.Scope.ToString().ToLowerInvariant(),
        };
        return (
            PatchBuilder.FromMask(unet, mask, settings, notes),
            PatchBuilder.FromMask(unet, RandomPlacebo.Like(mask, unchecked((int)request.Seed)), settings, Control("random")),
            PatchBuilder.FromMask(unet, LargestWeights.Like(unet, mask), settings, Control("largest")));

        Dictionary<string, string> Control(string name) => new(StringComparer.Ordinal) { ["control"] = name, ["dose"] = notes["dose"] };
    }
}
