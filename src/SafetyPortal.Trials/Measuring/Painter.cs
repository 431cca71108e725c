using SafetyPortal.Diffusion;
using SafetyPortal.Images;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Measuring;

/// <summary>How evaluation images are made.</summary>
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

/// <summary>Makes the images of some cases with the model as it is now.</summary>
public static class Painter
{
    /// <summary>One image per case, each from its own seed.</summary>
    /// <param name="progress">Called with the number of finished steps; may be null.</param>
    public static IReadOnlyList<Raster> Paint(
        StableDiffusionPipeline pipeline, IReadOnlyList<EvaluationCase> cases, PaintSettings settings, Action<int>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        ArgumentNullException.ThrowIfNull(cases);
        ArgumentNullException.ThrowIfNull(settings);
        return pipeline.Generate(
            new GenerationSettings
            {
                Prompts = [.. cases.Select(c => c.Prompt)],
                Seeds = [.. cases.Select(c => c.Seed)],
                Steps = settings.Steps,
                GuidanceScale = settings.Guidance,
                Scheduler = settings.Scheduler,
            },
            progress is null ? null : new Relay(progress, settings.Steps),
            cancellation);
    }

    // Some schedulers call the network more often than there are steps; progress is in steps.
    private sealed class Relay(Action<int> report, int steps) : IProgress<StepProgress>
    {
        public void Report(StepProgress value) => report(value.Step * steps / value.Steps);
    }
}
