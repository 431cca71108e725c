using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Inspection;
using SafetyPortal.Evaluation.Detection;
using SafetyPortal.Evaluation.PromptSets;

namespace SafetyPortal.Trials.Models;

/// <summary>What a run reads of a model folder besides the pipeline: <c>clip/</c>, <c>judge/</c> and <c>prompts/</c>, each of which may be missing.</summary>
public static class ModelCompanions
{
    private const string Clip = "clip";
    private const string Judge = "judge";

    /// <summary>Returns the folder of the model's own CLIP; null if it has none.</summary>
    public static string? ClipOf(string folder) => Existing(folder, Clip);

    /// <summary>Returns the folder of the model's own judge; null if it has none.</summary>
    public static string? JudgeOf(string folder) => Existing(folder, Judge);

    /// <summary>Refuses links that lead out of the model folder.</summary>
    /// <exception cref="ModelFormatException">Names the links and where they lead.</exception>
    public static void RequireInside(string folder) => FolderBoundary.Require(folder, Parts(folder));

    /// <summary>Reads all of them to the end. Returns what is wrong; empty if nothing is.</summary>
    public static IEnumerable<string> Problems(string folder)
    {
        // The inspection of the folder reports links that lead out of it. What they lead to is not read.
        if (FolderBoundary.Problems(folder, Parts(folder)).Count > 0)
            return [];
        return new[]
        {
            ClipOf(folder) is { } clip ? Try(() => ClipModel.Load(clip).Dispose()) : null,
            JudgeOf(folder) is { } judge ? Try(() => ConceptClassifier.Load(judge).Dispose()) : null,
        }.Concat(PromptFolder.Files(folder, supplied: null).Select(file => Try(() => PromptSet.Load(file)))).OfType<string>();
    }

    private static IEnumerable<string> Parts(string folder) => new[] { Clip, Judge, PromptFolder.Name }.Where(part => Existing(folder, part) is not null);

    private static string? Existing(string folder, string part) => Path.Combine(folder, part) is var path && Directory.Exists(path) ? path : null;

    private static string? Try(Action read)
    {
        try
        {
            read();
            return null;
        }
        catch (Exception e) when (e is ModelFormatException or InvalidDataException or PromptSetException or IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }
}
