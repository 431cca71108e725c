using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Diffusion.Unet;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Attribution;

/// <summary>Walks the latents of one seed and leaves the gradient of the erase objective at each of them.</summary>
internal interface ILatentSampler
{
    /// <summary>
    /// Calls <paramref name="visit"/> after each backward pass. The candidates hold the gradient of that pass alone, which the visitor takes and clears.
    /// </summary>
    void Walk(SamplingBatch batch, long seed, Action<LatentVisit> visit, CancellationToken cancellation);
}

/// <summary>One backward pass.</summary>
/// <param name="Step">Index of the step, from 0.</param>
/// <param name="Timestep">Training timestep at which the objective was evaluated.</param>
/// <param name="Objective">J, summed over the batch.</param>
internal readonly record struct LatentVisit(int Step, double Timestep, double Objective);

/// <summary>The prompts of one batch, with the model and embeddings to sample them.</summary>
/// <param name="Concept">[P, T, D] embeddings of the concept prompts.</param>
/// <param name="Base">[P, T, D] embeddings of the base prompts; null when all of them are empty.</param>
/// <param name="Unconditional">[P, T, D] embeddings of the empty prompt.</param>
/// <param name="Stream">Distinguishes the noise of this batch from that of the others of the same seed.</param>
internal sealed record SamplingBatch(
    UNet2DConditionModel Unet,
    SchedulerConfig Scheduler,
    Tensor Concept,
    Tensor? Base,
    Tensor Unconditional,
    AttributionSettings Settings,
    long[] LatentShape,
    long Stream)
{
    public DdimScheduler NewScheduler()
    {
        var scheduler = new DdimScheduler(Scheduler);
        scheduler.SetTimesteps(Settings.Steps);
        return scheduler;
    }

    /// <summary>The generator behind every draw of one seed; on the CPU, so that all devices see the same noise.</summary>
    public Generator NewGenerator(long seed) => new(unchecked((ulong)((seed * 1_000_003) + Stream)));

    /// <summary>Standard normal latents, [P, 4, h, w]; float32, whatever the network computes in.</summary>
    public Tensor Noise(Generator generator) => randn(LatentShape, dtype: ScalarType.Float32, generator: generator).to(Concept.device);

    /// <summary>A timestep as the UNet takes it, int64 [1].</summary>
    public static Tensor Timestep(double t, Device device) => tensor(new[] { (long)t }, device: device);

    /// <inheritdoc cref="ComponentAttribution.Backward"/>
    public (Tensor Eps, double Objective) Backward(Tensor latents, Tensor timestep, Tensor text, Func<Tensor, Tensor> objective) =>
        ComponentAttribution.Backward(Unet, latents, timestep, text, objective, Settings.Checkpointing);
}
