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
/// Makes the edits of one concept, by any method and at any dose, and the controls of equal size, from one attribution. The model is unedited
/// whenever a method is called and left so. Belongs to the torch thread.
/// </summary>
/// <param name="model">The unedited model.</param>
/// <param name="attribution">Scores made with <see cref="EditSettings.Attribution"/>; stays the caller's.</param>
public sealed class EditBench(LoadedModel model, EditSettings settings, AttributionResult attribution) : IDisposable
{
    private const long PruneSeed = 400_009;

    private VisitedLatents? target;
    private VisitedLatents? keep;
    private VisitedLatents? noisy;

    private VisitedLatents Target => target ??= SuppressionPoints.Target(model.Pipeline, settings.Prompts, settings.Seed, settings.Effort.Trajectories, settings.Window);

    private VisitedLatents Keep => keep ??= SuppressionPoints.Keep(model.Pipeline, KeepPrompts.For(model, settings), settings.Seed);

    private VisitedLatents Noisy => noisy ??= VisitedLatents.Visit(model.Pipeline, settings.Prompts, settings.Seed + PruneSeed, PruneVisit(settings.Effort.PruneSteps));

    /// <summary>The edit by the method of the settings.</summary>
    /// <param name="dose">Share of the weights that change, within the scope.</param>
    public AblationPatch Edit(double dose, CancellationToken cancellation = default) => settings.Method switch
    {
        EraseMethod.Cad => Cad(dose),
        EraseMethod.Improved => Improved(dose, cancellation),
        EraseMethod.App => PatchBuilder.FromValues(
            model.Pipeline.Unet, PosteriorSuppression.Fit(model.Pipeline.Unet, Target, Keep, dose, cancellation: cancellation), EditNotes(EraseMethod.App, dose)),
        _ => throw new InvalidOperationException($"Expected the method cad, improved or app, got {settings.Method}."),
    };

    /// <summary>
    /// The other ways to change as many weights as <paramref name="edit"/>: plain CAD when that is not the edit itself, gradient steps on the same weights,
    /// ConceptPrune's rule, random weights of the same tensors, the largest ones.
    /// </summary>
    public IReadOnlyList<NamedPatch> Controls(double dose, AblationPatch edit, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(edit);
        var unet = model.Pipeline.Unet;
        var zero = settings.Ablation(dose);
        var controls = new List<NamedPatch>();
        if (settings.Method != EraseMethod.Cad) controls.Add(new("cad", ControlRole.Method, EraseMethod.Cad.Describe(), CadOfSize(edit.Count)));
        controls.Add(new(
            "gradient",
            ControlRole.Method,
            string.Create(CultureInfo.InvariantCulture, $"{settings.Effort.GradientSteps} gradient steps on the same weights"),
            PatchBuilder.FromValues(unet, GradientSteps.Like(unet, Target, edit.Mask, settings.Effort.GradientSteps, cancellation: cancellation), Notes("gradient", dose))));
        controls.Add(new(
            "wanda",
            ControlRole.Method,
            "ConceptPrune's WANDA rule (arXiv 2405.19237)",
            PatchBuilder.FromMask(unet, ConceptPrune.Select(unet, Noisy, edit.Count, cancellation: cancellation), zero, Notes("wanda", dose))));
        controls.Add(new("random", ControlRole.Control, "random weights", Placebo(dose, edit)));
        controls.Add(new("largest", ControlRole.Control, "largest weights", PatchBuilder.FromMask(unet, LargestWeights.Like(unet, edit.Mask), zero, Notes("largest", dose))));
        return controls;
    }

    /// <summary>Random weights set to zero, as many of every tensor as <paramref name="edit"/> changes.</summary>
    public AblationPatch Placebo(double dose, AblationPatch edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        return PatchBuilder.FromMask(
            model.Pipeline.Unet, RandomPlacebo.Like(edit.Mask, unchecked((int)settings.Seed)), settings.Ablation(dose), Notes("random", dose));
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

    /// <summary>CAD at the dose that takes <paramref name="count"/> weights, less what rounding drops.</summary>
    private AblationPatch CadOfSize(long count) => Cad(Math.Clamp(count / (double)FeedForwardScores().Sum(s => s.Score.numel()), double.Epsilon, 1));

    private IReadOnlyList<(string Name, Tensor Score)> FeedForwardScores() =>
        [.. attribution.Scores.Where(s => Candidates.Matches(s.Name, CandidateSet.FeedForward))];

    private AblationPatch Improved(double dose, CancellationToken cancellation)
    {
        var unet = model.Pipeline.Unet;
        var mask = MaskSelection.From(settings.FeedForwardOnly ? FeedForwardScores() : attribution.Scores, settings.Ablation(dose));
        return PatchBuilder.FromValues(
            unet, LearnedSuppression.Fit(unet, Target, Keep, mask, new SuppressionSettings(Steps: settings.Effort.Rounds), cancellation: cancellation), EditNotes(EraseMethod.Improved, dose));
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

    private static Dictionary<string, string> Notes(string control, double dose) => new(StringComparer.Ordinal)
    {
        ["control"] = control,
        ["dose"] = dose.ToString(CultureInfo.InvariantCulture),
    };

    // ConceptPrune looks at the first 9 of 50 steps.
    private static VisitSettings PruneVisit(int steps) => new(PerPrompt: Math.Max(1, steps / 5), steps, Window: (0, 0.2));
}

/// <summary>
/// The prompts whose predictions an edit should leave alone: those of the evaluation set that do not ask for the concept, and what the
/// concept's own prompts are to become. They share texts with the evaluation, never seeds.
/// </summary>
internal static class KeepPrompts
{
    private const int BaseRepeats = 2;

    /// <summary>The prompts of the set evenly thinned, the base prompts several times over.</summary>
    public static IReadOnlyList<string> For(LoadedModel model, EditSettings settings)
    {
        var rows = model.PromptRows(settings.EvaluationSet);
        var target = PlanChoice.TargetName(rows, settings.Kind, settings.Name);
        var others = rows
            .Where(row => !string.Equals(settings.Kind == ConceptKind.Style ? row.Style ?? row.Artist : row.Class, target, StringComparison.OrdinalIgnoreCase))
            .Select(row => row.Prompt)
            .Distinct(StringComparer.Ordinal)
            .ToList();
        var count = Math.Min(settings.Effort.KeepPrompts, others.Count);
        var thinned = Enumerable.Range(0, count).Select(i => others[(int)((long)i * others.Count / count)]);
        var bases = settings.Prompts.Select(p => p.Base).Distinct(StringComparer.Ordinal).SelectMany(text => Enumerable.Repeat(text, BaseRepeats));
        return [.. thinned, .. bases];
    }
}
