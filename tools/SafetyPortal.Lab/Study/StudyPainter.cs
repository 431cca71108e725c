using SafetyPortal.Images;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Lab.Study;

/// <summary>Paints galleries; remembers the images of the unedited model, which many concepts share.</summary>
internal sealed class StudyPainter(LoadedModel model, PaintSettings settings)
{
    private readonly Dictionary<(string Prompt, long Seed), Raster> unedited = [];

    public GalleryMaker Maker { get; } = new(model, settings);

    /// <summary>The gallery of the unedited model. To be called while no patch is applied.</summary>
    public PaintedGallery Before(EvaluationPlan plan, Action<int> progress, CancellationToken cancellation)
    {
        var missing = plan.Cases.Where(c => !unedited.ContainsKey((c.Prompt, c.Seed))).ToList();
        foreach (var (item, image) in missing.Zip(Maker.Images(missing, progress, cancellation))) unedited[(item.Prompt, item.Seed)] = image;
        return Maker.Look(plan.Cases, [.. plan.Cases.Select(c => unedited[(c.Prompt, c.Seed)])]);
    }

    /// <summary>The gallery of the model as it is now.</summary>
    public PaintedGallery After(EvaluationPlan plan, Action<int> progress, CancellationToken cancellation) =>
        Maker.Paint(plan.Cases, keepImages: true, progress, cancellation);
}
