using System.Text.Json;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Trials.Measuring;

namespace SafetyPortal.Worker.Stages;

/// <summary>Whether what a stage stored is still there and whole, with every file it names; what is not is made again.</summary>
internal static class StageArtifacts
{
    /// <summary>The stored output; null when it, or a file it names, is missing or damaged.</summary>
    public static async Task<T?> ReadAsync<T>(IArtifactStore artifacts, string digest, CancellationToken cancellation)
        where T : class
    {
        try
        {
            var output = JsonSerializer.Deserialize<T>(await artifacts.ReadAsync(digest, cancellation), CanonicalJson.Options);
            if (output is null) return null;
            foreach (var file in NamedBy(output).Distinct(StringComparer.Ordinal)) await artifacts.PathOfAsync(file, cancellation);
            return output;
        }
        catch (Exception e) when (e is ArtifactException or JsonException)
        {
            return null;
        }
    }

    private static IEnumerable<string> NamedBy(object output) => output switch
    {
        LoadOutput => [],
        Gallery gallery => gallery.Images.Select(image => image.Image).Append(gallery.Features),
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
