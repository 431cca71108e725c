using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Stages;

/// <summary>The images made at one dose, as artifact digests in the order of the evidence's gallery.</summary>
public sealed record DoseImages(double Dose, IReadOnlyList<string> Images);

/// <summary>
/// Galleries of every dose a run tried. The evidence holds the chosen one alone; the output of the generate stage holds the others, which a page shows and
/// no decision rests on.
/// </summary>
public static class DoseGalleries
{
    /// <summary>Doses ascending; empty when the run has not got that far or its output is gone.</summary>
    public static async Task<IReadOnlyList<DoseImages>> ReadAsync(IArtifactStore artifacts, Run run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(artifacts);
        ArgumentNullException.ThrowIfNull(run);
        var output = await StageArtifacts.FindAsync<GenerateOutput>(artifacts, run, RunStage.Generate, cancellationToken);
        return output?.Doses is { } doses ? [.. doses.Select(dose => new DoseImages(dose.Dose, [.. dose.Gallery.Images.Select(image => image.Image)]))] : [];
    }
}
