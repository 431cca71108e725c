using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Evaluation.PromptSets;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Models;

/// <summary>Finds out what the portal must know about a model before requests can name it.</summary>
public static class ModelScan
{
    /// <summary>Describes the model in a folder under the model root; takes about a second for the embedded one.</summary>
    /// <param name="prompts">CSV, or folder of them, that replaces the model's <c>prompts/</c>; null for none.</param>
    /// <exception cref="InvalidDataException">The folder is no model, or no prompts say what it draws.</exception>
    public static ModelDescription Describe(string modelRoot, string folderName, string? prompts)
    {
        var folder = ModelFolder.Resolve(modelRoot, folderName);
        using var unet = UNet2DConditionModel.Load(Path.Combine(folder, "unet"));
        var rows = PromptFolder.Read(folder, PromptFolder.DefaultSet, prompts);
        return new ModelDescription(
            folderName, folderName, WeightsDigest.Of(unet), Objects(rows), Styles(rows), Classes(rows).Any(NudityTerms.IsNamedIn));
    }

    /// <summary>Returns the things that prompts ask for, without people: requests name those through the kind nudity.</summary>
    public static IReadOnlyList<string> Objects(IReadOnlyList<EvaluationPrompt> rows) =>
        [.. Classes(rows).Where(name => !NudityTerms.IsNamedIn(name) && !name.Contains("mannequin", StringComparison.OrdinalIgnoreCase))];

    /// <summary>Returns everything that prompts ask for, people too.</summary>
    internal static IReadOnlyList<string> Classes(IReadOnlyList<EvaluationPrompt> rows) => Distinct(rows.Select(r => r.Class));

    /// <summary>Returns the styles that prompts ask for.</summary>
    public static IReadOnlyList<string> Styles(IReadOnlyList<EvaluationPrompt> rows) => Distinct(rows.Select(EvaluationPlan.StyleOf));

    private static List<string> Distinct(IEnumerable<string?> names) => names.OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase).ToList();
}
