using System.Diagnostics;
using System.Globalization;
using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Unet;
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
    /// <exception cref="ArgumentException">
    /// Settings are outside their range, the model does not read a prompt whole, or it reads a base prompt as the concept prompt.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is left behind.</exception>
    public static AttributionResult Run(
        StableDiffusionPipeline pipeline,
        AttributionSettings settings,
        IProgress<AttributionProgress>? progress = null,
        CancellationToken cancellation = default)
    {
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
                sampler.Walk(batch, seed, Visit, cancellation);
            average.Take(accumulator);
            masses.Add(accumulator.Masses);

            void Visit(LatentVisit visit)
            {
                accumulator.Take(visit);
                progress?.Report(new AttributionProgress(++done, all, visit.Objective));
            }
        }

        var scores = average.Scores();
        var summary = new AttributionSummary(
            settings,
            candidates.Sum(c => c.Weight.numel()),
            [.. scores.Select(s => Mass(s.Name, s.Score))],
            AverageMasses(masses),
            average.Stability());
        return new AttributionResult(scores, summary, clock.Elapsed);
    }

    /// <summary>
    /// The one backward pass: predicts the noise at latents and adds the gradient of an objective, dJ/dw, to the gradients of the weights in an open
    /// <see cref="GradientScope"/>.
    /// </summary>
    /// <param name="latents">[N, 4, h, w]</param>
    /// <param name="timesteps">[1] or [N]</param>
    /// <param name="text">[N, T, D]</param>
    /// <param name="objective">A scalar of the prediction [N, 4, h, w].</param>
    /// <param name="checkpointing"><see cref="AttributionSettings.Checkpointing"/></param>
    /// <returns>The prediction without its graph, in the open dispose scope, and J.</returns>
    internal static (Tensor Eps, double Objective) Backward(
        UNet2DConditionModel unet, Tensor latents, Tensor timesteps, Tensor text, Func<Tensor, Tensor> objective, bool checkpointing = false)
    {
        using var scope = NewDisposeScope();
        using var prediction = checkpointing ? unet.Checkpointed(latents, timesteps, text) : null;
        var eps = prediction is null ? unet.call(latents, timesteps, text) : prediction.Noise.detach().clone().requires_grad_();
        var value = objective(eps);
        value.backward();
        prediction?.Backward(eps.grad!);
        return (eps.detach().MoveToOuterDisposeScope(), value.ToDouble());
    }

    /// <summary>w * g in float32: the fall of J when each weight becomes zero, to first order. In the open dispose scope.</summary>
    internal static Tensor Score(Tensor weight, Tensor gradient)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        return (weight.detach().to(ScalarType.Float32) * gradient).MoveToOuterDisposeScope();
    }

    // The tokenizer folds case and blanks and cuts long prompts, so prompts that differ may be one to the model.
    private static void RequireOtherBase(StableDiffusionPipeline pipeline, AttributionSettings settings)
    {
        if (settings.Objective != AttributionObjective.Erase)
            return;
        var same = settings.Prompts.FirstOrDefault(p => pipeline.Tokenizer.EncodePadded(p.Concept).SequenceEqual(pipeline.Tokenizer.EncodePadded(p.Base)));
        if (same is not null)
        {
            throw new ArgumentException(
                $"The model reads the base prompt \"{same.Base}\" as it reads the concept prompt \"{same.Concept}\": every score would be zero.",
                nameof(settings));
        }
    }

    private static List<SamplingBatch> Batches(StableDiffusionPipeline pipeline, AttributionSettings settings)
    {
        using var frozen = no_grad();
        long side = pipeline.Unet.Config.SampleSize;
        var together = (int)Math.Clamp(LatentPixelsAtOnce / (side * side), 1, settings.BatchSize);
        return [.. settings.Prompts.Chunk(together).Select((pairs, index) => new SamplingBatch(
            pipeline.Unet,
            pipeline.SchedulerConfig,
            pipeline.EncodePrompts([.. pairs.Select(p => p.Concept)]),
            pairs.All(p => p.Base.Length == 0) ? null : pipeline.EncodePrompts([.. pairs.Select(p => p.Base)]),
            pipeline.EncodePrompts([.. pairs.Select(_ => string.Empty)]),
            settings,
            [pairs.Length, pipeline.Unet.Config.InChannels, side, side],
            index))];
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
        return parts.Length > 1 && int.TryParse(parts[1], CultureInfo.InvariantCulture, out _) ? $"{parts[0]}.{parts[1]}" : parts[0];
    }

    private static List<StepMass> AverageMasses(List<IReadOnlyList<StepMass>> masses) =>
        [.. masses[0].Select((first, step) => new StepMass(
            first.Timestep, masses.Average(m => m[step].Objective), masses.Average(m => m[step].Positive), masses.Average(m => m[step].Negative)))];
}
