using SafetyPortal.Diffusion;
using SafetyPortal.Images;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Measuring;

/// <summary>How evaluation images are made.</summary>
/// <param name="Guidance">Guidance of the cases whose row prescribes none.</param>
/// <param name="Scheduler">Null takes the model's own.</param>
public sealed record PaintSettings(int Steps, double Guidance, int BatchSize, string? Scheduler = null)
{
    /// <summary>DPM-Solver++ (Lu et al. 2022, arXiv 2211.01095).</summary>
    public const string FastScheduler = "DPMSolverMultistepScheduler";

    /// <summary>Steps of <see cref="FastScheduler"/> for the embedded model. DDIM needs more than twice as many for the same images.</summary>
    public const int DemoSteps = 10;

    public const double DefaultGuidance = 5.0;
    public const int DefaultBatch = 8;
}

/// <summary>The images of one model in memory, what was seen in them and their features, each in the order of the cases.</summary>
/// <param name="Images">Empty when they were not kept.</param>
public sealed record Gallery(IReadOnlyList<Raster> Images, IReadOnlyList<ImageReading> Readings, FeatureRows Features);

/// <summary>What the judge and CLIP saw in one image.</summary>
/// <param name="CaseId"><see cref="EvaluationCase.Id"/></param>
/// <param name="Image">Artifact of the PNG; empty while it is not stored.</param>
/// <param name="JudgeObject">Class the judge gives it.</param>
/// <param name="JudgeStyle">Style the judge gives it.</param>
/// <param name="ClipConcept">The concept CLIP gives it, among those of the case's kind.</param>
/// <param name="ClipScore">100 times the cosine of image and prompt; null without a CLIP.</param>
public sealed record ImageReading(
    string CaseId, string Image, string JudgeObject, string JudgeStyle, string ClipConcept, double? ClipScore);

/// <summary>Paints the images of cases with a model, under the patch in force if there is one, and has them read. Belongs to the torch thread.</summary>
public sealed class Painter(LoadedModel model, PaintSettings settings)
{
    // Bounds memory; readings do not depend on it.
    private const int ReadBatch = 64;

    /// <summary>Paints one image per case, each from its own seed. Every step of the enumerator paints a batch.</summary>
    /// <param name="progress">Receives the number of finished images; images in the making count by their finished steps. May be null.</param>
    public IEnumerable<(EvaluationCase[] Cases, IReadOnlyList<Raster> Images)> Batches(
        IReadOnlyList<EvaluationCase> cases, Action<double>? progress, CancellationToken cancellation)
    {
        var done = 0;
        foreach (var part in cases.Chunk(settings.BatchSize))
        {
            var finished = done;
            var images = Make(part, progress is null ? null : share => progress(finished + (share * part.Length)), cancellation);
            done += part.Length;
            yield return (part, images);
        }
    }

    /// <summary>Returns the images alone.</summary>
    public IReadOnlyList<Raster> Images(IReadOnlyList<EvaluationCase> cases, Action<double>? progress, CancellationToken cancellation) =>
        [.. Batches(cases, progress, cancellation).SelectMany(batch => batch.Images)];

    /// <summary>Paints a gallery and reads it batch by batch.</summary>
    /// <param name="keepImages">False drops each batch after it was read.</param>
    public Gallery Paint(IReadOnlyList<EvaluationCase> cases, bool keepImages, Action<double>? progress, CancellationToken cancellation)
    {
        var (images, readings, features) = (new List<Raster>(), new List<ImageReading>(), new FeatureRows());
        foreach (var (part, made) in Batches(cases, progress, cancellation))
        {
            readings.AddRange(model.Reader.Read(made, part, features, cancellation));
            if (keepImages)
                images.AddRange(made);
        }

        return new Gallery(images, readings, features);
    }

    /// <summary>Returns the gallery of images that exist already, one per case.</summary>
    public Gallery Read(IReadOnlyList<EvaluationCase> cases, IReadOnlyList<Raster> images)
    {
        var (readings, features) = (new List<ImageReading>(), new FeatureRows());
        foreach (var part in Enumerable.Range(0, cases.Count).Chunk(ReadBatch))
            readings.AddRange(model.Reader.Read([.. part.Select(i => images[i])], [.. part.Select(i => cases[i])], features));
        return new Gallery(images, readings, features);
    }

    // Cases with a guidance of their own are made apart from the others.
    private Raster[] Make(EvaluationCase[] cases, Action<double>? progress, CancellationToken cancellation)
    {
        var images = new Raster[cases.Length];
        var done = 0;
        foreach (var group in Enumerable.Range(0, cases.Length).GroupBy(i => cases[i].Guidance ?? settings.Guidance))
        {
            int[] members = [.. group];
            var finished = done;
            var made = model.Pipeline.Generate(
                new GenerationSettings
                {
                    Prompts = [.. members.Select(i => cases[i].Prompt)],
                    Seeds = [.. members.Select(i => cases[i].Seed)],
                    Steps = settings.Steps,
                    GuidanceScale = group.Key,
                    Scheduler = settings.Scheduler,
                },
                progress is null
                    ? null
                    : new Relay<StepProgress>(p => progress((finished + ((double)p.Step / p.Steps * members.Length)) / cases.Length)),
                cancellation);
            foreach (var (i, image) in members.Zip(made))
                images[i] = image;
            done += members.Length;
        }

        return images;
    }
}
