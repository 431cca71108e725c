using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Stages;

/// <summary>Makes the images of the unedited model.</summary>
internal static class BaselineStage
{
    public static Task<StoredGallery> RunAsync(RunContext context, LoadOutput load, CancellationToken cancellation)
    {
        var cases = load.Evaluation.Cases;
        return new GalleryStore(context, load).MakeAsync(RunStage.Baseline, cases, patch: null, offset: 0, cases.Count, "unedited model", cancellation);
    }
}
