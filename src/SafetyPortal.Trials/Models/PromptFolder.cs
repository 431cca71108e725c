using SafetyPortal.Evaluation.PromptSets;

namespace SafetyPortal.Trials.Models;

/// <summary>
/// The evaluation sets of a model: <c>prompts/*.csv</c>, or what the operator supplied instead. A set has the name of its file; "default" is all
/// of them together.
/// </summary>
public static class PromptFolder
{
    public const string Name = "prompts";

    /// <summary>The set that every model has.</summary>
    public const string DefaultSet = "default";

    /// <summary>Reads a set.</summary>
    /// <param name="supplied">CSV, or folder of them, that replaces the model's; null for none.</param>
    /// <exception cref="InvalidDataException">There is no such set, or it is empty.</exception>
    public static IReadOnlyList<EvaluationPrompt> Read(string modelFolder, string set, string? supplied = null)
    {
        var files = Files(modelFolder, supplied);
        if (files.Count == 0)
        {
            throw new InvalidDataException(supplied is null
                ? $"Expected {Name}/*.csv in the model {modelFolder}: what to draw and what must be seen in it. "
                    + "There is none; supply a set with --prompts (setting Worker:Evaluation:Prompts)."
                : $"Expected evaluation sets (*.csv) in {supplied}, there is none.");
        }

        var chosen = files.FindAll(f => string.Equals(Path.GetFileNameWithoutExtension(f), set, StringComparison.Ordinal));
        if (chosen.Count == 0 && string.Equals(set, DefaultSet, StringComparison.Ordinal))
            chosen = files;
        var rows = chosen.SelectMany(PromptSet.Load).ToList();
        return rows.Count > 0
            ? rows
            : throw new InvalidDataException(
                $"Expected an evaluation set \"{set}\" in {Path.GetDirectoryName(files[0])}; "
                + $"there are: {string.Join(", ", files.Select(Path.GetFileNameWithoutExtension).Append(DefaultSet))}.");
    }

    /// <summary>Returns the files of the sets; none if the model has none.</summary>
    internal static List<string> Files(string modelFolder, string? supplied)
    {
        var place = supplied ?? Path.Combine(modelFolder, Name);
        if (!Directory.Exists(place))
            return supplied is null ? [] : [supplied];
        var sets = Directory.EnumerateFiles(place).Where(file => Path.GetExtension(file).Equals(".csv", StringComparison.OrdinalIgnoreCase));
        return [.. sets.Order(StringComparer.Ordinal)];
    }
}
