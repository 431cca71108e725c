using System.Diagnostics;
using SafetyPortal.Diffusion;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Attribution;

/// <summary>
/// Component attribution (CAD, arXiv 2412.02542). A component is one scalar weight; to first order, setting it to zero changes
/// the objective by <c>J(w) - J(w with w_i = 0) ~ w_i * dJ/dw_i</c>, so <c>score_i = w_i * sum_t dJ_t/dw_i</c>.
/// </summary>
public static class ComponentAttribution
{
    // Memory of a backward pass grows with prompts times pixels: one prompt for latents of 64 x 64, up to sixteen for 16 x 16.
    private const long LatentPixelsAtOnce = 64 * 64;

    /// <summary>Scores the candidate weights of the pipeline's UNet. The weights are left as they were.</summary>
    /// <exception cref="ArgumentException">Settings outside their range, a prompt that the model does not read whole, or a base prompt that it reads as the concept prompt.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is left behind.</exception>
    public static AttributionResult Run(
        StableDiffusionPipeline pipeline,
        AttributionSettings settings,
        IProgress<AttributionProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        ArgumentNullException.ThrowIfNull(settings);
        AttributionSettings.Validate(settings);
        pipeline.RequireWhole(settings.Prompts.SelectMany(p => new[] { p.Concept, p.Base }));
        RequireOtherBase(pipeline, settings);

        var clock = Stopwatch.StartNew();
        using var outer = NewDisposeScope();
        var candidates = Candidates.Of(pipeline.Unet, settings.Candidates);
        using var gradients = new GradientScope(pipeline.Unet, candidates.Select(c => c.Weight));
        var batches = Batches(pipeline, settings);
        var sampler = settings.NewSampler();

        using var average = new ScoreAverage(candidates, settings.Seeds.Count);
        var masses = new List<IReadOnlyList<StepMass>>();
        var done = 0;
        var all = settings.Seeds.Count * batches.Count * settings.Steps;
        foreach (var seed in settings.Seeds)
        {
            using var accumulator = new ScoreAccumulator(candidates, settings.Steps);
            foreach (var batch in batches)
            {
                sampler.Walk(
                    batch,
                    seed,
                    visit =>
                    {
                        accumulator.Take(visit);
                        progress?.Report(new AttributionProgress(++done, all, visit.Objective));
                    },
                    cancellation);
            }

            average.Take(accumulator);
            masses.Add(accumulator.Masses);
        }

        var scores = average.Scores();
        var summary = new AttributionSummary(
            settings,
            candidates.Sum(c => c.Weight.numel()),
            scores.Select(s => Mass(s.Name, s.Score)).ToList(),
            AverageMasses(masses),
            average.Stability());
        return new AttributionResult(scores, summary, clock.Elapsed);
    }

    /// <summary>
    /// The backward pass of every sampler: predicts the noise at a latent and adds the gradient of the objective, dJ/dw, to what the candidates hold.
    /// </summary>
    /// <param name="latent">[N, 4, h, w]</param>
    /// <param name="timestep">[1]</param>
    /// <param name="text">[N, T, D]</param>
    /// <param name="objective">A scalar of the prediction [N, 4, h, w].</param>
    /// <returns>The prediction without its graph, in the open dispose scope, and J.</returns>
    internal static (Tensor Eps, double Objective) Backward(SamplingBatch batch, Tensor latent, Tensor timestep, Tensor text, Func<Tensor, Tensor> objective)
    {
        using var scope = NewDisposeScope();
        using var prediction = batch.Settings.Checkpointing ? batch.Unet.Checkpointed(latent, timestep, text) : null;
        var eps = prediction is null ? batch.Unet.call(latent, timestep, text) : prediction.Noise.detach().clone().requires_grad_();
        var value = objective(eps);
        value.backward();
        prediction?.Backward(eps.grad!);
        return (eps.detach().MoveToOuterDisposeScope(), value.ToDouble());
    }

    /// <summary>w * g in float32: what zeroing each weight takes from J, to first order. In the open dispose scope.</summary>
    internal static Tensor Score(Tensor weight, Tensor gradient)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        return (weight.detach().to(ScalarType.Float32) * gradient).MoveToOuterDisposeScope();
    }

    // The tokenizer folds case and blanks and cuts long prompts, so prompts that differ may be one to the model.
    private static void RequireOtherBase(StableDiffusionPipeline pipeline, AttributionSettings settings)
    {
        if (settings.Objective != AttributionObjective.Erase) return;
        var same = settings.Prompts.FirstOrDefault(p => pipeline.Tokenizer.EncodePadded(p.Concept).SequenceEqual(pipeline.Tokenizer.EncodePadded(p.Base)));
        if (same is not null)
            throw new ArgumentException($"The model reads the base prompt \"{same.Base}\" as it reads the concept prompt \"{same.Concept}\": every score would be zero.", nameof(settings));
    }

    private static List<SamplingBatch> Batches(StableDiffusionPipeline pipeline, AttributionSettings settings)
    {
        using var frozen = no_grad();
        var (height, width) = settings.LatentSize ?? (pipeline.Unet.Config.SampleSize, pipeline.Unet.Config.SampleSize);
        var (imageHeight, imageWidth) = ((int)height * pipeline.Vae.Config.Downsampling, (int)width * pipeline.Vae.Config.Downsampling);
        var batches = new List<SamplingBatch>();
        var together = (int)Math.Clamp(LatentPixelsAtOnce / (height * width), 1, settings.BatchSize);
        foreach (var (pairs, index) in settings.Prompts.Chunk(together).Select((pairs, index) => (pairs, index)))
        {
            var plain = pairs.All(p => p.Base.Length == 0);
            batches.Add(new SamplingBatch(
                pipeline.Unet,
                pipeline.SchedulerConfig,
                pipeline.EncodePrompts(pairs.Select(p => p.Concept).ToList(), imageHeight, imageWidth),
                plain ? null : pipeline.EncodePrompts(pairs.Select(p => p.Base).ToList(), imageHeight, imageWidth),
                pipeline.EncodePrompts(Enumerable.Repeat(string.Empty, pairs.Length).ToList(), imageHeight, imageWidth),
                settings,
                [pairs.Length, pipeline.Unet.Config.InChannels, height, width],
                index));
        }

        return batches;
    }

    private static LayerMass Mass(string name, Tensor score)
    {
        using var scope = NewDisposeScope();
        var total = score.sum().ToDouble();
        var magnitude = score.abs().sum().ToDouble();
        return new LayerMass(name, BlockOf(name), (magnitude + total) / 2, (magnitude - total) / 2);
    }

    private static string BlockOf(string name)
    {
        var parts = name.Split('.');
        return parts.Length > 1 && int.TryParse(parts[1], System.Globalization.CultureInfo.InvariantCulture, out _)
            ? $"{parts[0]}.{parts[1]}"
            : parts[0];
    }

    private static List<StepMass> AverageMasses(List<IReadOnlyList<StepMass>> masses) =>
        Enumerable.Range(0, masses[0].Count)
            .Select(step => new StepMass(
                masses[0][step].Timestep,
                masses.Average(m => m[step].Objective),
                masses.Average(m => m[step].Positive),
                masses.Average(m => m[step].Negative)))
            .ToList();
}
