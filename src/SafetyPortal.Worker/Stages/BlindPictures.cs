using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Blind;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Stages;

/// <summary>
/// The pictures of a run that a blind judgement mixes: unedited and edited ones out of the evidence, those of the random ablation out of
/// the generate stage. The detector's word is the one its rates are made of.
/// </summary>
public static class BlindPictures
{
    private const string Placebo = "random";
    private const string Target = "target";

    /// <summary>One triple per prompt and seed that ask for the concept; empty when the run kept no random ablation or its outputs are gone.</summary>
    /// <param name="run">With its stage results.</param>
    public static async Task<IReadOnlyList<BlindTriple>> ReadAsync(IArtifactStore artifacts, Run run, EvidenceDocument evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(artifacts);
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(evidence);
        var load = await StageArtifacts.FindAsync<LoadOutput>(artifacts, run, RunStage.Load, cancellationToken);
        var generated = await StageArtifacts.FindAsync<GenerateOutput>(artifacts, run, RunStage.Generate, cancellationToken);
        if (load?.Evaluation?.Cases is not { } cases
            || generated?.Controls?.FirstOrDefault(control => string.Equals(control.Code, Placebo, StringComparison.Ordinal))?.Gallery?.Images is not { } placebo)
        {
            return [];
        }

        var plan = cases.ToDictionary(item => item.Id, StringComparer.Ordinal);
        var triples = new List<BlindTriple>();

        // The gallery's entries and the readings of the random ablation are both in the order of the plan.
        foreach (var (entry, reading) in evidence.Gallery.Entries.Zip(placebo))
        {
            if (!string.Equals(entry.Group, Target, StringComparison.Ordinal) || !plan.TryGetValue(reading.CaseId, out var item) || item.Seed != entry.Seed) continue;
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
