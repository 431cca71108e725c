using SafetyPortal.Evaluation.PromptSets;
using SafetyPortal.Trials.Models;

namespace SafetyPortal.Trials.Plans;

/// <summary>Chooses the evaluation of a concept from what a model's folder offers.</summary>
public static class PlanChoice
{
    private const int NeighbourCount = 3;

    /// <summary>Returns the plan for a concept; its neighbours are the classes whose names CLIP finds most alike.</summary>
    /// <exception cref="InvalidDataException">The set does not ask for the concept, or no network can tell whether an image shows it.</exception>
    public static EvaluationPlan For(LoadedModel model, ConceptKind kind, string name, string set, EvaluationSize size)
    {
        var rows = model.PromptRows(set);
        var target = TargetName(rows, kind, name);
        IReadOnlyCollection<string> neighbours = kind == ConceptKind.Style ? [] : model.Reader.Nearest(target, NeighbourCount);
        var plan = EvaluationPlan.Choose(rows, kind, target, neighbours, size);
        model.Reader.RequireJudge(plan.Cases.First(c => c.Group == CaseGroup.Target));
        return plan;
    }

    /// <summary>Returns the class or style by which the rows name the concept. Nudity is seldom a class name: the first class that names it is taken.</summary>
    /// <exception cref="InvalidDataException">The concept is nudity and no row names it.</exception>
    internal static string TargetName(IReadOnlyList<EvaluationPrompt> rows, ConceptKind kind, string name) => kind != ConceptKind.Nudity
        ? name
        : rows.Select(r => r.Class).OfType<string>().FirstOrDefault(NudityTerms.IsNamedIn)
            ?? throw new InvalidDataException("Expected a class for nudity, such as \"nude\", in the column class of the evaluation set, it has none.");
}
