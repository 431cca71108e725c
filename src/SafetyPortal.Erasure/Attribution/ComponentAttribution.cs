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
    // Ranking every component of a large model for each pair of seeds is not worth its time; a fixed sample tells as much.
    private const int StabilitySample = 200_000;

    /// <summary>Scores the candidate weights of the pipeline's UNet. The weights are left as they were.</summary>
    /// <exception cref="ArgumentException">Settings outside their range.</exception>
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

        var clock = Stopwatch.StartNew();
        using var outer = NewDisposeScope();
        var candidates = Candidates.Of(pipeline.Unet, settings.Candidates);
        using var gradients = new GradientScope(pipeline.Unet, candidates.Select(c => c.Weight));
        var batches = Batches(pipeline, settings);
        var sampler = settings.NewSampler();

        var perSeed = new List<Tensor[]>();
        var masses = new List<IReadOnlyList<StepMass>>();
        var done = 0;
        var all = settings.Seeds.Count * batches.Count * settings.Steps;
        try
        {
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

                perSeed.Add(accumulator.Scores());
                masses.Add(accumulator.Masses);
            }

            var scores = Average(candidates, perSeed);
            var summary = new AttributionSummary(
                settings,
                candidates.Sum(c => c.Weight.numel()),
                scores.Select(s => Mass(s.Name, s.Score)).ToList(),
                AverageMasses(masses),
                Stability(perSeed));
            return new AttributionResult(scores, summary, clock.Elapsed);
        }
        finally
        {
            foreach (var score in perSeed.SelectMany(s => s)) score.Dispose();
        }
    }

    private static List<SamplingBatch> Batches(StableDiffusionPipeline pipeline, AttributionSettings settings)
    {
        using var frozen = no_grad();
        var (height, width) = settings.LatentSize ?? (pipeline.Unet.Config.SampleSize, pipeline.Unet.Config.SampleSize);
        var (imageHeight, imageWidth) = ((int)height * pipeline.Vae.Config.Downsampling, (int)width * pipeline.Vae.Config.Downsampling);
        var batches = new List<SamplingBatch>();
        foreach (var (pairs, index) in settings.Prompts.Chunk(settings.BatchSize).Select((pairs, index) => (pairs, index)))
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

    private static List<(string Name, Tensor Score)> Average(IReadOnlyList<Candidate> candidates, List<Tensor[]> perSeed)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        return candidates
            .Select((c, i) => (c.Name, stack(perSeed.Select(s => s[i])).mean([0]).cpu().DetachFromDisposeScope()))
            .ToList();
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

    private static double? Stability(List<Tensor[]> perSeed)
    {
        if (perSeed.Count < 2) return null;
        var samples = perSeed.Select(Sample).ToList();
        var pairs = new List<double>();
        for (var i = 0; i < samples.Count; i++)
        {
            for (var j = i + 1; j < samples.Count; j++) pairs.Add(RankCorrelation.Spearman(samples[i], samples[j]));
        }

        return pairs.Average();
    }

    private static float[] Sample(Tensor[] scores)
    {
        using var scope = NewDisposeScope();
        var flat = cat(scores.Select(s => s.flatten()).ToList());
        var stride = Math.Max(1, flat.numel() / StabilitySample);
        return flat.slice(0, 0, flat.numel(), stride).contiguous().cpu().data<float>().ToArray();
    }
}
