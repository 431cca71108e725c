using System.Text.Json.Serialization;
using SafetyPortal.Diffusion;

namespace SafetyPortal.Erasure.Attribution;

/// <summary>How the latents at which the objective is evaluated are found.</summary>
public enum LatentSampler
{
    /// <summary>
    /// One guided DDIM trajectory per seed; the objective is evaluated at every visited latent. About 50 times cheaper than <see cref="Restart"/>.
    /// </summary>
    Trajectory,

    /// <summary>The sampler of the paper's public code: fresh noise and k guided steps for each k, evaluated with the timestep of the last step.</summary>
    Restart,
}

/// <summary>The objective whose gradient the scores are made of.</summary>
public enum AttributionObjective
{
    /// <summary><see cref="EraseObjective"/>: how strongly the prompt changes the prediction.</summary>
    Erase,

    /// <summary><see cref="AmplifyObjective"/>: the denoising loss on images of the concept. Ignores base prompts and sampler.</summary>
    Amplify,
}

/// <summary>A prompt that shows the concept, and the base prompt for it.</summary>
/// <param name="Concept">Prompt with the concept.</param>
/// <param name="Base">
/// Prompt without it. Empty is the paper's default and scores everything the prompt adds to an unconditional image;
/// the same prompt minus the concept (a contrastive base) isolates the concept from its surroundings.
/// </param>
public sealed record PromptPair(string Concept, string Base = "");

/// <summary>What to attribute and how. Every field is part of the evidence.</summary>
public sealed record AttributionSettings
{
    /// <summary>Prompt pairs whose gradients are summed; at least one.</summary>
    public required IReadOnlyList<PromptPair> Prompts { get; init; }

    public AttributionObjective Objective { get; init; } = AttributionObjective.Erase;

    public LatentSampler Sampler { get; init; } = LatentSampler.Trajectory;

    public CandidateSet Candidates { get; init; } = CandidateSet.FeedForward;

    /// <summary>DDIM steps, 1..1000; the paper uses 50.</summary>
    public int Steps { get; init; } = 50;

    /// <summary>Classifier-free guidance of the sampling, at least 1; the paper uses 3.</summary>
    public double GuidanceScale { get; init; } = 3.0;

    /// <summary>One estimate is made per seed, and the estimates are averaged.</summary>
    public IReadOnlyList<long> Seeds { get; init; } = [0, 1, 2, 3];

    /// <summary>
    /// How many prompts share one backward pass; bounds memory. Prompts of one pass draw their noise together, so with several prompts another
    /// batch size gives another estimate, as another seed does.
    /// </summary>
    public int BatchSize { get; init; } = 4;

    /// <summary>
    /// Whether a backward pass computes each block of the UNet anew instead of keeping its activations. It takes less memory and more time, and
    /// its gradients are the same but for rounding.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Checkpointing { get; init; }

    /// <summary>The sampler that these settings name.</summary>
    internal ILatentSampler NewSampler() => (Objective, Sampler) switch
    {
        (AttributionObjective.Amplify, _) => new AmplifySampler(),
        (_, LatentSampler.Restart) => new RestartSampler(),
        _ => new TrajectorySampler(),
    };

    /// <exception cref="ArgumentException">A field is outside its range.</exception>
    internal static void Validate(AttributionSettings settings)
    {
        string? problem = settings switch
        {
            { Prompts.Count: 0 } => "Expected at least one prompt pair to attribute, got none.",
            { Seeds.Count: 0 } => "Expected at least one seed, got none.",
            { Objective: < AttributionObjective.Erase or > AttributionObjective.Amplify }
                => $"Expected the objective erase or amplify, got {settings.Objective}.",
            { Sampler: < LatentSampler.Trajectory or > LatentSampler.Restart } => $"Expected the sampler trajectory or restart, got {settings.Sampler}.",
            { Candidates: < CandidateSet.FeedForward or > CandidateSet.FeedForwardAndAttention }
                => $"Expected a known set of candidates, got {settings.Candidates}.",
            { Steps: < 1 or > 1000 } => $"Expected 1 to 1000 attribution steps, got {settings.Steps}.",
            { GuidanceScale: not (>= 1 and <= GenerationSettings.LargestGuidance) }
                => $"Expected a guidance scale of 1 to {GenerationSettings.LargestGuidance}, got {settings.GuidanceScale}.",
            { BatchSize: < 1 } => $"Expected a batch size of at least 1, got {settings.BatchSize}.",
            _ => null,
        };
        if (settings.Prompts.FirstOrDefault(p => p.Concept == p.Base) is { } same)
            problem ??= $"The base prompt equals the concept prompt \"{same.Concept}\": every score would be zero.";
        if (settings.Seeds.CountBy(seed => seed).FirstOrDefault(seed => seed.Value > 1) is { Value: > 1, Key: var twice })
            problem ??= $"Expected different seeds, {twice} occurs several times: equal estimates say nothing about stability.";
        if (problem is not null)
            throw new ArgumentException(problem, nameof(settings));
    }
}

/// <summary>Progress of an attribution.</summary>
/// <param name="Step">Steps finished, 1..<paramref name="Steps"/>.</param>
/// <param name="Steps">Steps in all, over seeds and prompt batches.</param>
/// <param name="Objective">Value of the objective at this step.</param>
public sealed record AttributionProgress(int Step, int Steps, double Objective);
