using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Edits;

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
