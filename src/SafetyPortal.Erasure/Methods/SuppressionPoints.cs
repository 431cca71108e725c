using SafetyPortal.Diffusion;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Faithfulness;

namespace SafetyPortal.Erasure.Methods;

/// <summary>
/// Points of the concept prompts and of the prompts to keep for <see cref="LearnedSuppression"/>. Their seeds differ from those of
/// attribution and evaluation.
/// </summary>
public static class SuppressionPoints
{
    private const long TargetSeed = 200_003;
    private const long KeepSeed = 300_007;
    private const int PerTrajectory = 3;
    private const int PerKeep = 2;

    /// <summary>
    /// Default part of the trajectory, noisiest first, from which latents are taken. Early latents decide what the image shows; late latents show it
    /// whatever the prompt.
    /// </summary>
    public const double DefaultWindow = 0.6;

    /// <summary>Default number of trajectories of the concept prompts.</summary>
    public const int DefaultTrajectories = 8;

    /// <summary>Latents of the concept prompts; few prompts are walked several times.</summary>
    /// <param name="window">Part of the trajectory from which latents are taken, noisiest first, in 0..1.</param>
    public static VisitedLatents Target(
        StableDiffusionPipeline pipeline,
        IReadOnlyList<PromptPair> prompts,
        long seed,
        int trajectories = DefaultTrajectories,
        double window = DefaultWindow,
        CancellationToken cancellation = default)
    {
        var repeats = prompts.Count == 0 ? 0 : Math.Max(1, (int)Math.Ceiling(trajectories / (double)prompts.Count));
        var walked = Enumerable.Repeat(prompts, repeats).SelectMany(p => p).ToList();
        return VisitedLatents.Visit(pipeline, walked, seed + TargetSeed, new VisitSettings(PerTrajectory, Window: (0, window)), cancellation);
    }

    /// <summary>Latents of the prompts to keep.</summary>
    public static VisitedLatents Keep(StableDiffusionPipeline pipeline, IReadOnlyList<string> prompts, long seed, CancellationToken cancellation = default) =>
        VisitedLatents.Visit(pipeline, [.. prompts.Select(text => new PromptPair(text))], seed + KeepSeed, new VisitSettings(PerKeep), cancellation);
}
