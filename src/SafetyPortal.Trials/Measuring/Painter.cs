using SafetyPortal.Diffusion;
using SafetyPortal.Images;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Measuring;

/// <summary>How evaluation images are made.</summary>
/// <param name="Guidance">Guidance of the cases whose row prescribes none.</param>
/// <param name="Scheduler">Null takes the model's own.</param>
public sealed record PaintSettings(int Steps, double Guidance, int BatchSize, string? Scheduler = null)
{
    /// <summary>DPM-Solver++ (Lu et al. 2022, arXiv 2211.01095).</summary>
    public const string FastScheduler = "DPMSolverMultistepScheduler";

    /// <summary>Steps of <see cref="FastScheduler"/> for the embedded model; it draws with these what DDIM does with more than twice as many.</summary>
    public const int DemoSteps = 10;

    public const double DefaultGuidance = 5.0;
    public const int DefaultBatch = 8;
}

/// <summary>Makes the images of some cases with the model as it stands.</summary>
public static class Painter
{
    /// <summary>One image per case, each from its own seed. Cases with a guidance of their own are made apart from the others.</summary>
    /// <param name="progress">Called with the number of finished steps; may be null.</param>
    public static IReadOnlyList<Raster> Paint(
        StableDiffusionPipeline pipeline, IReadOnlyList<EvaluationCase> cases, PaintSettings settings, Action<int>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        ArgumentNullException.ThrowIfNull(cases);
        ArgumentNullException.ThrowIfNull(settings);
        var images = new Raster[cases.Count];
        var done = 0;
        foreach (var group in Enumerable.Range(0, cases.Count).GroupBy(i => cases[i].Guidance ?? settings.Guidance))
        {
            int[] members = [.. group];
            var made = pipeline.Generate(
                new GenerationSettings
                {
                    Prompts = [.. members.Select(i => cases[i].Prompt)],
                    Seeds = [.. members.Select(i => cases[i].Seed)],
                    Steps = settings.Steps,
                    GuidanceScale = group.Key,
                    Scheduler = settings.Scheduler,
                },
                progress is null ? null : new Relay(step => progress(((done * settings.Steps) + (step * members.Length)) / cases.Count), settings.Steps),
                cancellation);
            foreach (var (i, image) in members.Zip(made)) images[i] = image;
            done += members.Length;
        }

        return images;
    }

    // Some schedulers call the network more often than there are steps; progress is in steps.
    private sealed class Relay(Action<int> report, int steps) : IProgress<StepProgress>
    {
        public void Report(StepProgress value) => report(value.Step * steps / value.Steps);
    }
}
