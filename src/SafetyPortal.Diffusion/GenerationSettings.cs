namespace SafetyPortal.Diffusion;

/// <summary>What to generate. The same settings give the same images, whichever other images share the batch.</summary>
public sealed record GenerationSettings
{
    /// <summary>The most images of one call.</summary>
    public const int LargestBatch = 64;

    /// <summary>The largest guidance scale; prompts of I2P were sampled with up to 255.</summary>
    public const double LargestGuidance = 1000;

    /// <summary>One prompt per image.</summary>
    public required IReadOnlyList<string> Prompts { get; init; }

    /// <summary>One seed per image; its initial noise depends on nothing else.</summary>
    public required IReadOnlyList<long> Seeds { get; init; }

    /// <summary>What to steer away from: one per image, or a single one for all. Null means the empty prompt.</summary>
    public IReadOnlyList<string>? NegativePrompts { get; init; }

    /// <summary>Sampling steps, 1 to the number of training steps.</summary>
    public int Steps { get; init; } = 50;

    /// <summary>
    /// Classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598), 0 to <see cref="LargestGuidance"/>. Up to 1 the network is called for the
    /// prompt alone.
    /// </summary>
    public double GuidanceScale { get; init; } = 7.5;

    /// <summary>Image height in pixels; null takes the model's own.</summary>
    public int? Height { get; init; }

    /// <summary>Image width in pixels; null takes the model's own.</summary>
    public int? Width { get; init; }

    /// <summary>Class name of the scheduler, such as DDIMScheduler; null takes the model's own.</summary>
    public string? Scheduler { get; init; }

    /// <summary>Noise that each DDIM step adds, 0 for none; other schedulers have none.</summary>
    public double Eta { get; init; }

    /// <summary>Returns what is missing or out of range; null if nothing is.</summary>
    internal string? Problem(int granularity)
    {
        if (Prompts.Count is 0 or > LargestBatch)
            return $"Expected 1 to {LargestBatch} prompts, got {Prompts.Count}.";
        if (Seeds.Count != Prompts.Count)
            return $"Expected one seed per prompt: {Prompts.Count} prompts, {Seeds.Count} seeds.";
        if (NegativePrompts is { } negative && negative.Count != 1 && negative.Count != Prompts.Count)
            return $"Expected 1 or {Prompts.Count} negative prompts, got {negative.Count}.";
        if (GuidanceScale is not (>= 0 and <= LargestGuidance))
            return $"Expected a guidance scale from 0 to {LargestGuidance}, got {GuidanceScale}.";
        foreach (var side in new[] { Height, Width })
        {
            if (side is { } pixels && (pixels < granularity || pixels > 4096 || pixels % granularity != 0))
                return $"Expected height and width to be multiples of {granularity} up to 4096, got {pixels}.";
        }

        return null;
    }
}

/// <summary>How far denoising is.</summary>
/// <param name="Step">Network calls made so far, from 1.</param>
/// <param name="Steps">Network calls in all; some schedulers make one more than the sampling steps.</param>
public readonly record struct StepProgress(int Step, int Steps);
