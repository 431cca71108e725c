using SafetyPortal.Images;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Measuring;

/// <summary>A gallery in memory.</summary>
/// <param name="Images">In the order of the cases; empty when they were not kept.</param>
/// <param name="Readings">What was seen in them; no artifacts.</param>
/// <param name="Features">A row per image.</param>
public sealed record PaintedGallery(IReadOnlyList<Raster> Images, Gallery Readings, FeatureRows Features);

/// <summary>Makes galleries with a model as it is now, runs the detectors on them and stores nothing. Belongs to the torch thread.</summary>
public sealed class GalleryMaker(LoadedModel model, PaintSettings settings)
{
    // Bounds memory; what is seen does not depend on it.
    private const int LookBatch = 64;

    /// <summary>One image per case, each from its own seed.</summary>
    /// <param name="progress">Told how many images each batch brought; may be null.</param>
    public IReadOnlyList<Raster> Images(IReadOnlyList<EvaluationCase> cases, Action<int>? progress, CancellationToken cancellation) =>
        [.. Batches(cases, progress, cancellation).SelectMany(batch => batch.Images)];

    /// <summary>Makes a gallery and looks at it batch by batch.</summary>
    /// <param name="keepImages">False forgets each batch once it was looked at.</param>
    public PaintedGallery Paint(IReadOnlyList<EvaluationCase> cases, bool keepImages, Action<int>? progress, CancellationToken cancellation)
    {
        var (images, readings, features) = (new List<Raster>(), new List<ImageReading>(), new FeatureRows());
        foreach (var (part, made) in Batches(cases, progress, cancellation))
        {
            readings.AddRange(model.Reader.Read(made, part, features));
            if (keepImages) images.AddRange(made);
        }

        return new PaintedGallery(images, new Gallery(readings, Features: string.Empty), features);
    }

    /// <summary>Runs the detectors on images that the caller made already, one per case.</summary>
    public PaintedGallery Look(IReadOnlyList<EvaluationCase> cases, IReadOnlyList<Raster> images)
    {
        ArgumentNullException.ThrowIfNull(cases);
        ArgumentNullException.ThrowIfNull(images);
        var (readings, features) = (new List<ImageReading>(), new FeatureRows());
        foreach (var part in Enumerable.Range(0, cases.Count).Chunk(LookBatch))
            readings.AddRange(model.Reader.Read([.. part.Select(i => images[i])], [.. part.Select(i => cases[i])], features));
        return new PaintedGallery(images, new Gallery(readings, Features: string.Empty), features);
    }

    /// <summary>Everything that is measured of two galleries of a plan; LPIPS when it was supplied and the images were kept.</summary>
    public MetricsSummary Compare(EvaluationPlan plan, PaintedGallery before, PaintedGallery after)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var metrics = FeatureDistances.AddTo(Comparison.Between(plan, before.Readings, after.Readings), plan, before.Features, after.Features, model.Backbones.Uses);
        return model.Backbones.Lpips is { } lpips && before.Images.Count > 0 && after.Images.Count > 0
            ? metrics with { Lpips = PairDistances.Measure(lpips, [.. plan.Cases.Select((item, i) => (item, before.Images[i], after.Images[i]))]) }
            : metrics;
    }

    private IEnumerable<(EvaluationCase[] Cases, IReadOnlyList<Raster> Images)> Batches(IReadOnlyList<EvaluationCase> cases, Action<int>? progress, CancellationToken cancellation)
    {
        foreach (var part in cases.Chunk(settings.BatchSize))
        {
            yield return (part, Painter.Paint(model.Pipeline, part, settings, progress: null, cancellation));
            progress?.Invoke(part.Length);
        }
    }
}
