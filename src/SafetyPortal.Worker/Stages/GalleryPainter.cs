using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Images;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Worker.Stages;

/// <summary>
/// Generates the images of a plan with the model as it is or under a patch, has them looked at, and stores both. A finished gallery is
/// remembered by everything it depends on, so that a killed sweep continues at the dose it was in and a repeated run reuses its baseline.
/// </summary>
internal sealed class GalleryPainter(RunContext context, LoadOutput load)
{
    /// <summary>Makes one gallery.</summary>
    /// <param name="stage">Stage whose progress moves.</param>
    /// <param name="cases">The images to make.</param>
    /// <param name="patch">Artifact of the patch to apply; null for the unedited model.</param>
    /// <param name="offset">Images already made in this stage, of <paramref name="total"/>.</param>
    /// <param name="total">Images this stage makes in all.</param>
    /// <param name="message">What the progress line says.</param>
    public async Task<Gallery> PaintAsync(
        RunStage stage, IReadOnlyList<EvaluationCase> cases, string? patch, int offset, int total, string message, CancellationToken cancellation)
    {
        var memo = new GalleryMemo(context.Artifacts, context.Options.CacheFolder);
        var key = GalleryMemo.Key(load, cases, patch);
        if (await memo.FindAsync(key, cancellation) is { } known)
        {
            context.Report(stage, (offset + cases.Count) * load.Method.ImageSteps, total * load.Method.ImageSteps, message);
            return known;
        }

        var edit = patch is null ? null : AblationPatch.Load(await context.Artifacts.PathOfAsync(patch, cancellation));
        var readings = new List<ImageReading>();
        var features = new FeatureRows();
        foreach (var chunk in cases.Chunk(load.Method.BatchSize))
        {
            var done = offset + readings.Count;
            var batch = await context.Compute(() => Paint(stage, chunk, edit, features, done, total, message, cancellation));
            foreach (var (item, png) in batch) readings.Add(item with { Image = await context.Artifacts.PutAsync(png, cancellation) });
        }

        var gallery = new Gallery(readings, await context.PutWrittenAsync(features.Save, cancellation));
        await memo.RememberAsync(key, await context.PutJsonAsync(gallery, cancellation), cancellation);
        return gallery;
    }

    private List<(ImageReading Reading, byte[] Png)> Paint(
        RunStage stage, EvaluationCase[] cases, AblationPatch? edit, FeatureRows features, int done, int total, string message, CancellationToken cancellation)
    {
        var model = context.Model(cancellation);
        using var applied = edit is null ? null : AppliedPatch.Apply(model.Pipeline.Unet, edit);
        var steps = load.Method.ImageSteps;
        var images = Painter.Paint(
            model.Pipeline,
            cases,
            new PaintSettings(steps, load.Method.ImageGuidance, cases.Length, load.Method.ImageScheduler),
            step => context.Report(stage, (done * steps) + (step * cases.Length), total * steps, message),
            cancellation);
        var pngs = images.Select(image => ImageCodec.EncodePng(image)).ToList();
        var readings = model.Reader.Read(images, cases, features, cancellation);
        context.Report(stage, (done + cases.Length) * steps, total * steps, message, Preview(cases[^1], images[^1], pngs[^1]));
        return readings.Zip(pngs).ToList();
    }

    // Nobody chose to look at a preview, so one that may show nudity is stored veiled and not just shown so.
    private byte[] Preview(EvaluationCase item, Raster image, byte[] png) =>
        item.ShowsNudity(context.Request.ConceptKind) ? ImageCodec.EncodePng(Veiling.Draw(image)) : png;
}
