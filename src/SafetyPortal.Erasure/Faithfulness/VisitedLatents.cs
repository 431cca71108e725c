using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Attribution;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Faithfulness;

/// <summary>The erase objective at fixed latents under edited weights.</summary>
/// <param name="Both">The edited weights make both predictions: the difference that guidance turns into an image.</param>
/// <param name="FixedBase">
/// The base prediction stays that of the unedited weights. The score is the gradient of this function, since the gradient stops at the base. This
/// value also counts changes that an edit makes to every prediction alike.
/// </param>
public readonly record struct ObjectiveValue(double Both, double FixedBase);

/// <summary>Which latents are visited.</summary>
/// <param name="PerPrompt">Latents kept of each trajectory, spread over its timesteps; neighbouring prompts keep different ones.</param>
/// <param name="Steps">DDIM steps of a trajectory.</param>
/// <param name="Guidance">Classifier-free guidance of the trajectories.</param>
/// <param name="Window">Share of the trajectory, noisiest first, from which latents are kept; null keeps from all of it.</param>
/// <param name="Batch">Trajectories walked at once; bounds memory.</param>
public sealed record VisitSettings(int PerPrompt, int Steps = 10, double Guidance = 3.0, (double From, double To)? Window = null, int Batch = 8);

/// <summary>
/// Latents and timesteps that the model visits as it is now, with its predictions there. Edits of its weights are compared at these fixed points
/// without sampling again. Holds no gradients.
/// </summary>
public sealed class VisitedLatents : IDisposable
{
    private const int EvaluationBatch = 16;
    private readonly UNet2DConditionModel model;

    private VisitedLatents(
        UNet2DConditionModel unet, Tensor latents, Tensor timesteps, Tensor conditions, Tensor baseConditions, Tensor concept, Tensor baseline)
    {
        model = unet;
        (Latents, Timesteps, Conditions, BaseConditions, Concept, Baseline) = (latents, timesteps, conditions, baseConditions, concept, baseline);
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        Signal = (concept - baseline).pow(2).sum().ToDouble();
    }

    /// <summary>Number of points.</summary>
    public int Count => (int)Latents.size(0);

    /// <summary>J at the time of the visit: how much the concept prompts change the predictions, summed over the points.</summary>
    public double Signal { get; }

    /// <summary>[N, C, h, w], float32.</summary>
    internal Tensor Latents { get; }

    /// <summary>int64 [N]</summary>
    internal Tensor Timesteps { get; }

    /// <summary>[N, T, D] embeddings of the concept prompts.</summary>
    internal Tensor Conditions { get; }

    /// <summary>[N, T, D] embeddings of the base prompts.</summary>
    internal Tensor BaseConditions { get; }

    /// <summary>Prediction for the concept prompt by the weights at the time of the visit, [N, C, h, w].</summary>
    internal Tensor Concept { get; }

    /// <summary>Prediction for the base prompt by the weights at the time of the visit, [N, C, h, w].</summary>
    internal Tensor Baseline { get; }

    /// <summary>Makes one guided DDIM trajectory per prompt and keeps some of its latents.</summary>
    /// <param name="pipeline">The model as it is now.</param>
    /// <param name="prompts">At least one.</param>
    /// <param name="seed">The same seed gives the same points.</param>
    public static VisitedLatents Visit(
        StableDiffusionPipeline pipeline, IReadOnlyList<PromptPair> prompts, long seed, VisitSettings settings, CancellationToken cancellation = default)
    {
        if (prompts.Count == 0)
            throw new ArgumentException("Expected at least one prompt to visit, got none.", nameof(prompts));
        if (settings.Window is { } window && !(window.From >= 0 && window.From < window.To && window.To <= 1))
            throw new ArgumentException($"Expected a part of the trajectory between 0 and 1, got {window.From} to {window.To}.", nameof(settings));
        if (settings.PerPrompt < 1 || settings.PerPrompt > settings.Steps)
            throw new ArgumentException($"Expected 1 to {settings.Steps} latents per prompt, got {settings.PerPrompt}.", nameof(settings));

        using var frozen = no_grad();
        using var outer = NewDisposeScope();
        var size = pipeline.Unet.Config.SampleSize;
        using var generator = new Generator(unchecked((ulong)seed));
        var noise = randn([prompts.Count, pipeline.Unet.Config.InChannels, size, size], dtype: ScalarType.Float32, generator: generator);
        var kept = new List<Point>();
        for (var first = 0; first < prompts.Count; first += settings.Batch)
        {
            var count = Math.Min(settings.Batch, prompts.Count - first);
            Walk(pipeline, [.. prompts.Skip(first).Take(count)], first, noise.narrow(0, first, count), settings, kept, cancellation);
        }

        return new(
            pipeline.Unet,
            Stacked(p => p.Latent),
            tensor(kept.Select(p => p.Timestep).ToArray(), device: pipeline.Device).DetachFromDisposeScope(),
            Stacked(p => p.Condition),
            Stacked(p => p.BaseCondition),
            Stacked(p => p.Concept),
            Stacked(p => p.Baseline));

        Tensor Stacked(Func<Point, Tensor> part) => stack(kept.Select(part)).DetachFromDisposeScope();
    }

    private static void Walk(
        StableDiffusionPipeline pipeline,
        IReadOnlyList<PromptPair> prompts,
        int first,
        Tensor noise,
        VisitSettings settings,
        List<Point> kept,
        CancellationToken cancellation)
    {
        var concept = pipeline.EncodePrompts([.. prompts.Select(p => p.Concept)]); // [P, T, D]
        var bases = pipeline.EncodePrompts([.. prompts.Select(p => p.Base)]);
        var empty = pipeline.EncodePrompts([.. prompts.Select(_ => string.Empty)]);
        var plain = prompts.All(p => p.Base.Length == 0);
        var conditions = plain ? cat([concept, empty]) : cat([concept, empty, bases]); // [2P or 3P, T, D]
        var scheduler = new DdimScheduler(pipeline.SchedulerConfig);
        scheduler.SetTimesteps(settings.Steps);
        var latent = noise.to(concept.device).clone(); // [P, C, h, w], float32 whatever the network computes in, and so are its predictions
        for (var step = 0; step < scheduler.Timesteps.Count; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var t = scheduler.Timesteps[step];
            var eps = pipeline.Unet.call(cat(plain ? [latent, latent] : [latent, latent, latent]), tensor(new[] { (long)t }, device: latent.device), conditions)
                .chunk(plain ? 2 : 3); // [P, C, h, w] each
            for (var prompt = 0; prompt < prompts.Count; prompt++)
            {
                if (Keeps(first + prompt, step, settings))
                    kept.Add(new Point(Copy(latent[prompt]), (long)t, Copy(concept[prompt]), Copy(bases[prompt]), Copy(eps[0][prompt]), Copy(eps[^1][prompt])));
            }

            var next = scheduler.Step(eps[1] + ((eps[0] - eps[1]) * settings.Guidance), t, latent);
            latent.Dispose();
            latent = next.MoveToOuterDisposeScope();
        }

        static Tensor Copy(Tensor part) => part.clone().MoveToOuterDisposeScope();
    }

    /// <summary>J = sum over the points of || eps(z, t, e(c)) - eps(z, t, e(base)) ||^2 by the weights as they are now.</summary>
    public ObjectiveValue Objective()
    {
        using var frozen = no_grad();
        double both = 0, fixedBase = 0;
        for (long start = 0; start < Count; start += EvaluationBatch)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(EvaluationBatch, Count - start);
            var (latents, timesteps) = (Latents.narrow(0, start, count), Timesteps.narrow(0, start, count));
            var conditions = cat([Conditions.narrow(0, start, count), BaseConditions.narrow(0, start, count)]);
            var eps = model.call(cat([latents, latents]), cat([timesteps, timesteps]), conditions).chunk(2); // 2 x [n, C, h, w]
            both += (eps[0] - eps[1]).pow(2).sum().ToDouble();
            fixedBase += (eps[0] - Baseline.narrow(0, start, count)).pow(2).sum().ToDouble();
        }

        return new ObjectiveValue(both, fixedBase);
    }

    public void Dispose()
    {
        foreach (var part in new[] { Latents, Timesteps, Conditions, BaseConditions, Concept, Baseline })
            part.Dispose();
    }

    private static bool Keeps(int prompt, int step, VisitSettings settings)
    {
        var (from, to) = settings.Window is { } window
            ? ((int)(window.From * settings.Steps), Math.Max((int)(window.To * settings.Steps), (int)(window.From * settings.Steps) + 1))
            : (0, settings.Steps);
        var length = to - from;
        var count = Math.Min(settings.PerPrompt, length);
        return Enumerable.Range(0, count).Any(i => step == from + (((i * length / count) + prompt) % length));
    }

    private sealed record Point(Tensor Latent, long Timestep, Tensor Condition, Tensor BaseCondition, Tensor Concept, Tensor Baseline);
}
