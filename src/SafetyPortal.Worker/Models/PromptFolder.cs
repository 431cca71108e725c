using SafetyPortal.Evaluation.PromptSets;

namespace SafetyPortal.Worker.Models;

/// <summary>The evaluation sets of a model: <c>prompts/*.csv</c>, each a set named after its file; "default" is all of them together.</summary>
public static class PromptFolder
{
    public const string Name = "prompts";

    /// <summary>The set that every model has.</summary>
    public const string DefaultSet = "default";

    /// <summary>Reads a set.</summary>
    /// <exception cref="InvalidDataException">There is no such set, or it is empty.</exception>
    public static IReadOnlyList<EvaluationPrompt> Read(string modelFolder, string set)
    {
        var folder = Path.Combine(modelFolder, Name);
        var files = Directory.Exists(folder)
            ? Directory.GetFiles(folder, "*.csv").Order(StringComparer.Ordinal).ToList()
            : [];
        var chosen = files.Where(f => string.Equals(Path.GetFileNameWithoutExtension(f), set, StringComparison.Ordinal)).ToList();
        if (chosen.Count == 0 && string.Equals(set, DefaultSet, StringComparison.Ordinal)) chosen = files;
        var rows = chosen.SelectMany(PromptSet.Load).ToList();
        return rows.Count > 0
            ? rows
            : throw new InvalidDataException(
                $"Expected an evaluation set \"{set}\" in {folder}; there are: {string.Join(", ", files.Select(Path.GetFileNameWithoutExtension).Append(DefaultSet))}.");
    }
}
