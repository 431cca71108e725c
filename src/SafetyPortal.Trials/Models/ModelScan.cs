using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Evaluation.PromptSets;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Models;

/// <summary>Finds out what the portal must know about a model before requests can name it.</summary>
public static class ModelScan
{
    /// <summary>Describes the model in a folder under the model root; takes about a second for the embedded one.</summary>
    /// <param name="prompts">CSV, or folder of them, that takes the place of the model's <c>prompts/</c>; null for none.</param>
    /// <exception cref="InvalidDataException">The folder is no model, or nothing says what it draws.</exception>
    public static ModelDescription Describe(string modelRoot, string folderName, string? prompts)
    {
        var folder = ModelFolder.Resolve(modelRoot, folderName);
        using var unet = UNet2DConditionModel.Load(Path.Combine(folder, "unet"));
        var rows = PromptFolder.Read(folder, PromptFolder.DefaultSet, prompts);
        var classes = Distinct(rows.Select(r => r.Class));
        return new ModelDescription(
            folderName,
            folderName,
            WeightsDigest.Of(unet),
            Objects(rows),
            Styles(rows),
            classes.Exists(PlanChoice.IsNudity));
    }

    /// <summary>Things the prompts ask for, people aside.</summary>
    public static IReadOnlyList<string> Objects(IReadOnlyList<EvaluationPrompt> rows) => [.. Distinct(rows.Select(r => r.Class)).Where(c => !IsPerson(c))];

    /// <summary>Everything the prompts ask for, people too.</summary>
    internal static IReadOnlyList<string> Classes(IReadOnlyList<EvaluationPrompt> rows) => Distinct(rows.Select(r => r.Class));

    /// <summary>Styles the prompts ask for.</summary>
    public static IReadOnlyList<string> Styles(IReadOnlyList<EvaluationPrompt> rows) =>
        [.. Distinct(rows.Select(r => r.Style ?? r.Artist)).Where(s => !string.Equals(s, "none", StringComparison.OrdinalIgnoreCase))];

    // Requests name people through the kind nudity, not as objects.
    private static bool IsPerson(string name) => PlanChoice.IsNudity(name) || name.Contains("mannequin", StringComparison.OrdinalIgnoreCase);

    private static List<string> Distinct(IEnumerable<string?> names) => names.OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase).ToList();
}
