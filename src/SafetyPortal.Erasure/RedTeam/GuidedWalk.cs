using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Schedulers;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.RedTeam;

/// <summary>Differences of a walk from plain DDIM.</summary>
internal sealed record WalkOptions
{
    public static readonly WalkOptions Plain = new();

    /// <summary>Latents at the level of the first step, [B, C, h, w]; null starts from the noise of the prompts' seeds.</summary>
    public Tensor? Start { get; init; }

    /// <summary>[B, T, D] in place of the prompts' own; null takes those.</summary>
    public Tensor? Condition { get; init; }

    /// <summary>First step to make.</summary>
    public int From { get; init; }

    /// <summary>One past the last step; null walks to the end.</summary>
    public int? To { get; init; }

    /// <summary>Eta of equation 16 of DDIM; above 1 more noise than ancestral sampling adds.</summary>
    public double Eta { get; init; }

    /// <summary>Factor on the added noise.</summary>
    public double NoiseScale { get; init; } = 1;

    /// <summary>Seeds of the added noise, one per image; needed when <see cref="Eta"/> is above 0.</summary>
    public IReadOnlyList<long> NoiseSeeds { get; init; } = [];

    /// <summary>Keeps a part of the image; null repaints all of it.</summary>
    public KeptPart? Kept { get; init; }
}

/// <summary>The part of the latents that stays as it is.</summary>
/// <param name="Repaint">[1, 1, h, w], 1 where the walk paints and 0 where the original stays.</param>
/// <param name="Original">[B, C, h, w], clean.</param>
/// <param name="Noise">[B, C, h, w], unit noise by which the original is brought to each level.</param>
internal sealed record KeptPart(Tensor Repaint, Tensor Original, Tensor Noise);

/// <summary>
/// Guided DDIM (arXiv 2010.02502) with a start, an end and disturbances that a probe chooses. With plain options it makes the images of the
/// pipeline's own DDIM from the same noise.
/// </summary>
internal sealed class GuidedWalk
{
    private readonly StableDiffusionPipeline pipeline;
    private readonly double guidance;

    public GuidedWalk(StableDiffusionPipeline pipeline, int steps, double guidance)
    {
        (this.pipeline, this.guidance) = (pipeline, guidance);
        Scheduler = new DdimScheduler(pipeline.SchedulerConfig);
        Scheduler.SetTimesteps(steps);
    }

    public DdimScheduler Scheduler { get; }

    private int Steps => Scheduler.Timesteps.Count;

    /// <summary>Unit noise of some seeds, [seeds, C, h, w]; float32 whatever the network computes in, as the pipeline's own.</summary>
    public Tensor Noise(IReadOnlyList<long> seeds)
    {
        var generators = Generators(seeds);
        try
        {
            return Noise(generators);
        }
        finally
        {
            generators.ForEach(g => g.Dispose());
        }
    }

    /// <summary>The original brought to the level of a step; at the end of the walk the original itself.</summary>
    public Tensor AtStep(Tensor original, Tensor noise, int step) => step >= Steps
        ? original.alias()
        : Scheduler.AddNoise(original, noise, tensor(Enumerable.Repeat((long)Scheduler.Timesteps[step], (int)original.size(0)).ToArray()));

    /// <summary>Walks.</summary>
    /// <param name="latents">[B, C, h, w] at the level of the first step.</param>
    /// <param name="condition">[B, T, D].</param>
    /// <param name="unconditional">[B, T, D].</param>
    /// <param name="afterCall">Called after each step with the number of noise predictions.</param>
    /// <returns>[B, C, h, w], owned by the caller.</returns>
    public Tensor Run(
        Tensor latents, Tensor condition, Tensor unconditional, WalkOptions options, Action<long>? afterCall, CancellationToken cancellation)
    {
        using var frozen = no_grad();
        using var outer = NewDisposeScope();
        var generators = Generators(options.NoiseSeeds);
        try
        {
            var batch = latents.size(0);
            var conditions = cat([unconditional, condition]); // [2B, T, D]
            var current = latents.alias();
            for (var i = options.From; i < (options.To ?? Steps); i++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var t = Scheduler.Timesteps[i];
                var both = pipeline.Unet.call(cat([current, current]), tensor([(float)t], device: current.device), conditions); // [2B, C, h, w]
                var eps = both.narrow(0, 0, batch) + ((both.narrow(0, batch, batch) - both.narrow(0, 0, batch)) * guidance);
                var next = options.Eta > 0 ? Disturbed(eps, t, current, options, generators) : Scheduler.Step(eps, t, current);
                if (options.Kept is { } kept)
                    next = (next * kept.Repaint) + (AtStep(kept.Original, kept.Noise, i + 1) * (1 - kept.Repaint));
                current.Dispose();
                current = next.MoveToOuterDisposeScope();
                afterCall?.Invoke(2 * batch);
            }

            return current.MoveToOuterDisposeScope();
        }
        finally
        {
            generators.ForEach(g => g.Dispose());
        }
    }

    // DDIM's step with an eta above 1 would take the root of a negative number; this takes the root of its magnitude.
    private Tensor Disturbed(Tensor eps, double t, Tensor current, WalkOptions options, List<Generator> generators)
    {
        var alpha = Scheduler.Noise.AlphasCumprod[(int)t];
        var before = t - (Scheduler.Config.NumTrainTimesteps / Steps);
        var alphaBefore = before < 0 ? Scheduler.FinalAlphaCumprod : Scheduler.Noise.AlphasCumprod[(int)before];
        var original = Scheduler.PredictOriginal(eps, t, current);
        var direction = (current - (original * Math.Sqrt(alpha))) / Math.Sqrt(1 - alpha);
        var sigma = options.Eta * Math.Sqrt(Scheduler.Variance(t));
        return (original * Math.Sqrt(alphaBefore))
            + (direction * Math.Sqrt(Math.Abs(1 - alphaBefore - (sigma * sigma))))
            + (Noise(generators) * (sigma * options.NoiseScale));
    }

    private static List<Generator> Generators(IEnumerable<long> seeds) => [.. seeds.Select(seed => new Generator(unchecked((ulong)seed)))];

    private Tensor Noise(List<Generator> generators)
    {
        using var scope = NewDisposeScope();
        long[] shape = [1, pipeline.Unet.Config.InChannels, pipeline.Unet.Config.SampleSize, pipeline.Unet.Config.SampleSize];
        return cat([.. generators.Select(g => randn(shape, dtype: ScalarType.Float32, generator: g))]).to(pipeline.Device).MoveToOuterDisposeScope();
    }
}
