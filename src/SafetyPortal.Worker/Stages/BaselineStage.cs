using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Stages;

/// <summary>Images of the unedited model, which everything else is compared with.</summary>
internal static class BaselineStage
{
    public static Task<StoredGallery> RunAsync(RunContext context, LoadOutput load, CancellationToken cancellation)
    {
        var cases = load.Evaluation.Cases;
        return new GalleryStore(context, load)
            .MakeAsync(RunStage.Baseline, cases, patch: null, offset: 0, cases.Count, "unedited model", cancellation);
    }
}
