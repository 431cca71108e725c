using System.Text.Json;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Stages;

/// <summary>Reads the stored outputs of stages.</summary>
internal static class StageArtifacts
{
    /// <summary>Returns the stored output; null when it, or a file that it names, is missing or damaged.</summary>
    public static async Task<T?> ReadAsync<T>(IArtifactStore artifacts, string digest, CancellationToken cancellation)
        where T : class
    {
        try
        {
            var output = JsonSerializer.Deserialize<T>(await artifacts.ReadAsync(digest, cancellation), CanonicalJson.Options);
            if (output is null)
                return null;
            foreach (var file in NamedBy(output).Distinct(StringComparer.Ordinal))
                await artifacts.PathOfAsync(file, cancellation);
            return output;
        }
        catch (Exception e) when (e is ArtifactException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Returns the stored output of a run's stage without checking the files that it names; null when there is none, or it cannot be read.</summary>
    /// <param name="run">With its stage results.</param>
    /// <exception cref="ArtifactException">The output is damaged.</exception>
    public static async Task<T?> FindAsync<T>(IArtifactStore artifacts, Run run, RunStage stage, CancellationToken cancellation)
        where T : class
    {
        if (run.StageResults.Find(result => result.Stage == stage) is not { } result || !artifacts.Contains(result.ArtifactDigest))
            return null;
        try
        {
            return JsonSerializer.Deserialize<T>(await artifacts.ReadAsync(result.ArtifactDigest, cancellation), CanonicalJson.Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static IEnumerable<string> NamedBy(object output) => output switch
    {
        LoadOutput => [],
        StoredGallery gallery => gallery.Images.Select(image => image.Image).Append(gallery.Features),
        AttributeOutput attribution => [attribution.Scores, .. attribution.Faithfulness is { } check ? new[] { check.Artifact } : []],
        AblateOutput ablation => ablation.Doses.Select(dose => dose.Patch),
        GenerateOutput generated => generated.Doses.SelectMany(dose => NamedBy(dose.Gallery))
            .Concat(generated.Controls.SelectMany(control => NamedBy(control.Gallery).Append(control.Patch))),
        MeasureOutput => [],
        RedTeamOutput found => Sheets(found),
        RunOutcome outcome => [outcome.EvidenceArtifact, outcome.PatchDigest],
        _ => throw new ArgumentException($"Expected the output of a stage, got {output.GetType().Name}.", nameof(output)),
    };

    private static IEnumerable<string> Sheets(RedTeamOutput found)
    {
        var attention = found.Location?.Attention;
        return (found.RedTeam?.Probes.Select(probe => probe.Sheet) ?? [])
            .Concat(attention?.Pairs.SelectMany(pair => new[] { pair.Before, pair.After }) ?? [])
            .Append(attention?.Sheet)
            .Append(found.Specificity?.Sheet)
            .OfType<string>()
            .Where(digest => digest.Length > 0);
    }
}
