using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Images;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Worker.Stages;

/// <summary>
/// Paints the galleries of a run and stores their images, readings and features. <see cref="GalleryMemo"/> remembers finished galleries, so a killed
/// sweep continues at its dose, and a repeated run uses its baseline again.
/// </summary>
internal sealed class GalleryStore(RunContext context, LoadOutput load)
{
    /// <summary>Finds or makes one gallery.</summary>
    /// <param name="stage">Stage whose progress moves.</param>
    /// <param name="patch">Artifact of the patch to apply; null for the unedited model.</param>
    /// <param name="offset">Images that the stage has made, of <paramref name="total"/>.</param>
    /// <param name="message">What the progress line says.</param>
    public async Task<StoredGallery> MakeAsync(
        RunStage stage, IReadOnlyList<EvaluationCase> cases, string? patch, int offset, int total, string message, CancellationToken cancellation)
    {
        var memo = new GalleryMemo(context.Artifacts, context.Options.CacheFolder);
        var key = GalleryMemo.Key(load, cases, patch);
        if (await memo.FindAsync(key, cancellation) is { } known)
        {
            Report(cases.Count);
            return known;
        }

        var edit = patch is null ? null : AblationPatch.Load(await context.Artifacts.PathOfAsync(patch, cancellation));
        var (readings, features) = (new List<ImageReading>(), new FeatureRows());
        var batches = Paint(cases, edit, features, Report, cancellation).GetEnumerator();
        try
        {
            while (await context.Compute(batches.MoveNext))
            {
                foreach (var (reading, png) in batches.Current)
                    readings.Add(reading with { Image = await context.Artifacts.PutAsync(png, cancellation) });
            }
        }
        finally
        {
            await context.Compute(batches.Dispose);
        }

        var gallery = new StoredGallery(readings, await context.PutWrittenAsync(features.Save, cancellation));
        await memo.RememberAsync(key, await context.PutJsonAsync(gallery, cancellation), cancellation);
        return gallery;

        void Report(double images, byte[]? preview = null) =>
            context.Report(stage, (int)Math.Round((offset + images) * load.Method.ImageSteps), total * load.Method.ImageSteps, message, preview);
    }

    // Runs on the torch thread. The model is edited from the first batch until the enumerator ends or is disposed.
    private IEnumerable<List<(ImageReading Reading, byte[] Png)>> Paint(
        IReadOnlyList<EvaluationCase> cases, AblationPatch? edit, FeatureRows features, Action<double, byte[]?> report, CancellationToken cancellation)
    {
        var model = context.Model(cancellation);
        using var applied = edit is null ? null : AppliedPatch.Apply(model.Pipeline.Unet, edit);
        var done = 0;
        foreach (var (part, images) in new Painter(model, load.Painting()).Batches(cases, images => report(images, null), cancellation))
        {
            var pngs = images.Select(image => ImageCodec.EncodePng(image)).ToList();
            var readings = model.Reader.Read(images, part, features, cancellation);
            report(done += part.Length, Preview(part[^1], images[^1], pngs[^1]));
            yield return [.. readings.Zip(pngs)];
        }
    }

    // Pages show previews without a reveal, so a preview that may show nudity is veiled before it is stored.
    private byte[] Preview(EvaluationCase item, Raster image, byte[] png) =>
        item.ShowsNudity(context.Request.ConceptKind) ? ImageCodec.EncodePng(Veiling.Draw(image)) : png;
}
