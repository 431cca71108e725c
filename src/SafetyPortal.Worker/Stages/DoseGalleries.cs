using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Stages;

/// <summary>The images of one dose, as artifact digests in the order of the evidence's gallery.</summary>
public sealed record DoseImages(double Dose, IReadOnlyList<string> Images);

/// <summary>
/// Reads the galleries of every dose that a run tried, from the output of the generate stage. The evidence holds that of the chosen dose alone.
/// </summary>
public static class DoseGalleries
{
    /// <summary>Returns the doses ascending; none when the run has not finished the stage or its output is gone.</summary>
    public static async Task<IReadOnlyList<DoseImages>> ReadAsync(IArtifactStore artifacts, Run run, CancellationToken cancellationToken)
    {
        var output = await StageArtifacts.FindAsync<GenerateOutput>(artifacts, run, RunStage.Generate, cancellationToken);
        return output?.Doses is { } doses ? [.. doses.Select(dose => new DoseImages(dose.Dose, [.. dose.Gallery.Images.Select(image => image.Image)]))] : [];
    }
}
