using System.Text.Json;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Stages;

/// <summary>The images made at one dose, as artifact digests in the order of the evidence's gallery.</summary>
public sealed record DoseImages(double Dose, IReadOnlyList<string> Images);

/// <summary>
/// Galleries of every dose a run tried. The evidence holds the chosen one alone; the others lie in the output of the generate stage and
/// are there to be looked at, not to be decided on.
/// </summary>
public static class DoseGalleries
{
    /// <summary>Doses ascending; empty when the run has not got that far or its output is gone.</summary>
    public static async Task<IReadOnlyList<DoseImages>> ReadAsync(IArtifactStore artifacts, Run run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(artifacts);
        ArgumentNullException.ThrowIfNull(run);
        if (run.StageResults.Find(result => result.Stage == RunStage.Generate) is not { } result || !artifacts.Contains(result.ArtifactDigest))
            return [];
        try
        {
            var output = JsonSerializer.Deserialize<GenerateOutput>(await artifacts.ReadAsync(result.ArtifactDigest, cancellationToken), CanonicalJson.Options);
            return output?.Doses is { } doses ? [.. doses.Select(dose => new DoseImages(dose.Dose, [.. dose.Gallery.Images.Select(image => image.Image)]))] : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
