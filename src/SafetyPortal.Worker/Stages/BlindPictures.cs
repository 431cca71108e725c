using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Blind;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Stages;

/// <summary>
/// Reads the images of a run that a blind judgement mixes, with what the detector saw in them. The evidence names the unedited and edited ones, the
/// output of the generate stage those of the placebo.
/// </summary>
public static class BlindPictures
{
    private const string Placebo = "random";
    private const string Target = "target";

    /// <summary>Returns a triple per prompt and seed of the target; none when the run made no placebo or its outputs are gone.</summary>
    /// <param name="run">With its stage results.</param>
    public static async Task<IReadOnlyList<BlindTriple>> ReadAsync(
        IArtifactStore artifacts, Run run, EvidenceDocument evidence, CancellationToken cancellationToken)
    {
        var load = await StageArtifacts.FindAsync<LoadOutput>(artifacts, run, RunStage.Load, cancellationToken);
        var generated = await StageArtifacts.FindAsync<GenerateOutput>(artifacts, run, RunStage.Generate, cancellationToken);
        if (load?.Evaluation?.Cases is not { } cases
            || generated?.Controls?.FirstOrDefault(control => control.Code == Placebo)?.Gallery?.Images is not { } placebo)
        {
            return [];
        }

        // The gallery's entries are in the order of the plan; the placebo has images of a part of it.
        var plan = cases.Zip(evidence.Gallery.Entries).ToDictionary(pair => pair.First.Id, StringComparer.Ordinal);
        var triples = new List<BlindTriple>();
        foreach (var reading in placebo)
        {
            var (item, entry) = plan.GetValueOrDefault(reading.CaseId);
            if (entry?.Group != Target || item.Prompt != entry.Prompt || item.Seed != entry.Seed)
                continue;
            triples.Add(new BlindTriple(
                entry.Prompt,
                entry.Seed,
                new BlindPicture(entry.BeforeDigest, Shows(entry.BeforeLabel, item.Concept)),
                new BlindPicture(entry.AfterDigest, Shows(entry.AfterLabel, item.Concept)),
                new BlindPicture(reading.Image, Shows(item.IsStyle ? reading.JudgeStyle : reading.JudgeObject, item.Concept))));
        }

        return triples;
    }

    private static bool Shows(string? label, string concept) => string.Equals(label, concept, StringComparison.OrdinalIgnoreCase);
}
