using SafetyPortal.Evaluation;
using SafetyPortal.Images;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Worker.Measuring;
using SafetyPortal.Worker.Models;
using SafetyPortal.Worker.Plans;

namespace SafetyPortal.Cli.Study;

/// <summary>Images of one model, with what was seen in them; in memory, since a study looks at each gallery once.</summary>
internal sealed record StudyGallery(IReadOnlyList<Raster> Images, Gallery Readings, Features Features);

/// <summary>Paints galleries, and compares them with that of the unedited model, whose images many concepts share.</summary>
internal sealed class StudyPainter(LoadedModel model, PaintSettings settings)
{
    private const string FidBackbone = "demo encoder";
    private readonly Dictionary<(string Prompt, long Seed), Raster> unedited = [];

    /// <summary>The gallery of the unedited model. To be called while no patch is applied.</summary>
    public StudyGallery Before(EvaluationPlan plan, Action<int> progress, CancellationToken cancellation)
    {
        foreach (var chunk in plan.Cases.Where(c => !unedited.ContainsKey((c.Prompt, c.Seed))).Chunk(settings.BatchSize))
        {
            var images = Painter.Paint(model.Pipeline, chunk, settings, progress: null, cancellation);
            foreach (var (item, image) in chunk.Zip(images)) unedited[(item.Prompt, item.Seed)] = image;
            progress(chunk.Length);
        }

        return Read(plan, [.. plan.Cases.Select(c => unedited[(c.Prompt, c.Seed)])]);
    }

    /// <summary>The gallery of the model as it stands.</summary>
    public StudyGallery After(EvaluationPlan plan, Action<int> progress, CancellationToken cancellation)
    {
        var images = new List<Raster>();
        foreach (var chunk in plan.Cases.Chunk(settings.BatchSize))
        {
            images.AddRange(Painter.Paint(model.Pipeline, chunk, settings, progress: null, cancellation));
            progress(chunk.Length);
        }

        return Read(plan, images);
    }

    /// <summary>Metrics of a gallery against the unedited one, with the distances of the images that do not ask for the concept.</summary>
    public static (MetricsSummary Metrics, double? Kid) Compare(EvaluationPlan plan, StudyGallery before, StudyGallery after)
    {
        var metrics = Comparison.Between(plan, before.Readings, after.Readings);
        var others = Enumerable.Range(0, plan.Cases.Count).Where(i => plan.Cases[i].Group != CaseGroup.Target).ToList();
        if (others.Count < 2) return (metrics, null);
        var (first, second) = (before.Features.Select(others), after.Features.Select(others));
        var fid = Fid.Distance(FeatureStatistics.Of(first), FeatureStatistics.Of(second));
        return (metrics with { Fid = new FidMetrics(fid, others.Count, FidBackbone) }, Kid.SquaredMmd(first, second));
    }

    private StudyGallery Read(EvaluationPlan plan, IReadOnlyList<Raster> images)
    {
        var (features, readings) = (new FeatureRows(), new List<ImageReading>());
        foreach (var range in Enumerable.Range(0, images.Count).Chunk(64))
            readings.AddRange(model.Reader.Read([.. range.Select(i => images[i])], [.. range.Select(i => plan.Cases[i])], features));
        return new StudyGallery(images, new Gallery(readings, Features: string.Empty), features.ToFeatures());
    }
}
