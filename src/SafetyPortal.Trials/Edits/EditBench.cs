using System.Globalization;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Faithfulness;
using SafetyPortal.Erasure.Methods;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;
using static TorchSharp.torch;

namespace SafetyPortal.Trials.Edits;

/// <summary>A patch with its place in the table of controls.</summary>
/// <param name="Code">Stable name, as in <see cref="ControlRow"/>.</param>
public sealed record NamedPatch(string Code, ControlRole Role, string Name, AblationPatch Patch);

/// <summary>
/// Makes the edits of one concept at any dose, and the controls of equal size, from one attribution. The model is unedited before and after every call.
/// Belongs to the torch thread.
/// </summary>
/// <param name="model">The unedited model.</param>
/// <param name="attribution">Scores made with <see cref="EditSettings.Attribution"/>. The caller disposes them.</param>
/// <param name="cancellation">Stops every method.</param>
public sealed class EditBench(LoadedModel model, EditSettings settings, AttributionResult attribution, CancellationToken cancellation = default) : IDisposable
{
    private const long PruneSeed = 400_009;
    private const int BaseRepeats = 2;

    private VisitedLatents? target;
    private VisitedLatents? keep;
    private VisitedLatents? noisy;

    private VisitedLatents Target => target ??= SuppressionPoints.Target(
        model.Pipeline, settings.Prompts, settings.Seed, settings.Effort.Trajectories, settings.Window, cancellation);

    private VisitedLatents Keep => keep ??= SuppressionPoints.Keep(model.Pipeline, KeepPrompts(), settings.Seed, cancellation);

    // ConceptPrune looks at the first 9 of 50 steps.
    private VisitedLatents Noisy => noisy ??= VisitedLatents.Visit(
        model.Pipeline,
        settings.Prompts,
        settings.Seed + PruneSeed,
        new VisitSettings(PerPrompt: Math.Max(1, settings.Effort.PruneSteps / 5), settings.Effort.PruneSteps, Window: (0, 0.2)),
        cancellation);

    /// <summary>Returns the edit by the method of the settings.</summary>
    /// <param name="dose">Share of the weights that change, within the scope.</param>
    public AblationPatch Edit(double dose) => settings.Method switch
    {
        EraseMethod.Cad => Cad(dose),
        EraseMethod.Improved => Improved(dose),
        EraseMethod.App => PatchBuilder.FromValues(
            model.Pipeline.Unet,
            PosteriorSuppression.Fit(model.Pipeline.Unet, Target, Keep, dose, cancellation: cancellation),
            EditNotes(EraseMethod.App, dose)),
        _ => throw new InvalidOperationException($"Expected the method cad, improved or app, got {settings.Method}."),
    };

    /// <summary>
    /// Returns other ways to change as many weights as <paramref name="edit"/>: plain CAD unless that is the edit, gradient steps on the same weights,
    /// ConceptPrune's rule, random weights of the same tensors, the largest ones.
    /// </summary>
    public IReadOnlyList<NamedPatch> Controls(double dose, AblationPatch edit)
    {
        var unet = model.Pipeline.Unet;
        var steps = settings.Effort.GradientSteps;
        return
        [
            .. settings.Method == EraseMethod.Cad
                ? Array.Empty<NamedPatch>()
                : [new("cad", ControlRole.Method, EraseMethod.Cad.Describe(), CadOfSize(edit.Count))],
            new(
                "gradient",
                ControlRole.Method,
                string.Create(CultureInfo.InvariantCulture, $"{steps} gradient steps on the same weights"),
                PatchBuilder.FromValues(
                    unet, GradientSteps.Like(unet, Target, edit.Mask, steps, cancellation: cancellation), ControlNotes("gradient", dose))),
            Zeroed(
                "wanda",
                ControlRole.Method,
                "ConceptPrune's WANDA rule (arXiv 2405.19237)",
                ConceptPrune.Select(unet, Noisy, edit.Count, cancellation: cancellation)),
            Zeroed("random", ControlRole.Control, "random weights", RandomPlacebo.Like(edit.Mask, unchecked((int)settings.Seed))),
            Zeroed("largest", ControlRole.Control, "largest weights", LargestWeights.Like(unet, edit.Mask)),
        ];

        NamedPatch Zeroed(string code, ControlRole role, string name, AblationMask mask) =>
            new(code, role, name, PatchBuilder.FromMask(unet, mask, settings.Ablation(dose), ControlNotes(code, dose)));
    }

    public void Dispose()
    {
        target?.Dispose();
        keep?.Dispose();
        noisy?.Dispose();
    }

    private AblationPatch Cad(double dose)
    {
        var zero = settings.Ablation(dose);
        return PatchBuilder.FromMask(model.Pipeline.Unet, MaskSelection.From(FeedForwardScores(), zero), zero, EditNotes(EraseMethod.Cad, dose));
    }

    /// <summary>Returns CAD at the dose that takes <paramref name="count"/> weights, less what rounding drops.</summary>
    private AblationPatch CadOfSize(long count) => Cad(Math.Clamp(count / (double)FeedForwardScores().Sum(s => s.Score.numel()), double.Epsilon, 1));

    private IReadOnlyList<(string Name, Tensor Score)> FeedForwardScores() =>
        [.. attribution.Scores.Where(s => Candidates.Matches(s.Name, CandidateSet.FeedForward))];

    private AblationPatch Improved(double dose)
    {
        var unet = model.Pipeline.Unet;
        var mask = MaskSelection.From(settings.FeedForwardOnly ? FeedForwardScores() : attribution.Scores, settings.Ablation(dose));
        var rounds = new SuppressionSettings(Steps: settings.Effort.Rounds);
        return PatchBuilder.FromValues(
            unet, LearnedSuppression.Fit(unet, Target, Keep, mask, rounds, cancellation: cancellation), EditNotes(EraseMethod.Improved, dose));
    }

    // The evaluation set's prompts without the concept, evenly thinned, and what the concept prompts are to become. They share texts with the
    // evaluation, never seeds.
    private IReadOnlyList<string> KeepPrompts()
    {
        var rows = model.PromptRows(settings.EvaluationSet);
        var erased = PlanChoice.TargetName(rows, settings.Kind, settings.Name);
        var others = rows
            .Select(row => (row.Prompt, Concept: settings.Kind == ConceptKind.Style ? EvaluationPlan.StyleOf(row) : row.Class))
            .Where(row => !string.Equals(row.Concept, erased, StringComparison.OrdinalIgnoreCase))
            .Select(row => row.Prompt)
            .Distinct(StringComparer.Ordinal)
            .ToList();
        var bases = settings.Prompts.Select(p => p.Base).Distinct(StringComparer.Ordinal).SelectMany(text => Enumerable.Repeat(text, BaseRepeats));
        return [.. EvaluationPlan.Evenly(others, settings.Effort.KeepPrompts), .. bases];
    }

    private Dictionary<string, string> EditNotes(EraseMethod method, double dose) => new(StringComparer.Ordinal)
    {
        ["candidates"] = method == EraseMethod.Improved && !settings.FeedForwardOnly ? "feed-forward and attention" : "feed-forward",
        ["window"] = method == EraseMethod.Cad ? "whole" : string.Create(CultureInfo.InvariantCulture, $"0-{settings.Window}"),
        ["concept"] = $"{settings.Kind.ToString().ToLowerInvariant()}:{settings.Name}",
        ["method"] = method.Describe(),
        ["dose"] = dose.ToString(CultureInfo.InvariantCulture),
        ["scope"] = settings.Scope.ToString().ToLowerInvariant(),
    };

    private static Dictionary<string, string> ControlNotes(string control, double dose) => new(StringComparer.Ordinal)
    {
        ["control"] = control,
        ["dose"] = dose.ToString(CultureInfo.InvariantCulture),
    };
}
