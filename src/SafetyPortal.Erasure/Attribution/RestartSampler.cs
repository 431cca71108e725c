using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Diffusion.Unet;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Attribution;

/// <summary>
/// Samples as the paper's public code: for k = 1..N it draws fresh noise, makes the first k guided DDIM steps and evaluates the
/// objective there. It keeps a quirk of that code: the latent has reached the next timestep, but the model gets the timestep of the step
/// just made.
/// </summary>
public sealed class RestartSampler : ILatentSampler
{
    void ILatentSampler.Walk(SamplingBatch batch, long seed, Action<LatentVisit> visit, CancellationToken cancellation)
    {
        using var generator = batch.NewGenerator(seed);
        using var outer = NewDisposeScope();
        var timesteps = batch.NewScheduler().Timesteps;
        var conditions = cat([batch.Unconditional, batch.Concept]); // [2P, T, D]
        var prompts = batch.Concept.size(0);
        for (var step = 0; step < timesteps.Count; step++)
        {
            using var scope = NewDisposeScope();
            var latent = FirstSteps(
                batch.Unet, batch.NewScheduler(), batch.Noise(generator), conditions, batch.Settings.GuidanceScale, step + 1, cancellation);
            var timestep = SamplingBatch.Timestep(timesteps[step], latent.device);
            var (_, objective) = batch.Backward(
                cat([latent, latent]),
                timestep,
                cat([batch.Concept, batch.Base ?? batch.Unconditional]),
                eps => EraseObjective.Value(eps.narrow(0, 0, prompts), eps.narrow(0, prompts, prompts))); // eps [2P, 4, h, w]
            visit(new LatentVisit(step, timesteps[step], objective));
        }
    }

    /// <summary>The latent after the first <paramref name="count"/> guided steps from <paramref name="noise"/>.</summary>
    /// <param name="unet">The model.</param>
    /// <param name="scheduler">A scheduler whose timesteps are set.</param>
    /// <param name="noise">[P, 4, h, w] standard normal.</param>
    /// <param name="conditions">[2P, T, D]: unconditional first, then the prompts.</param>
    /// <param name="guidanceScale">Classifier-free guidance, at least 1.</param>
    /// <param name="count">Steps to make, 1 to the number of timesteps.</param>
    /// <param name="cancellation">Checked before each step.</param>
    public static Tensor FirstSteps(
        UNet2DConditionModel unet,
        IScheduler scheduler,
        Tensor noise,
        Tensor conditions,
        double guidanceScale,
        int count,
        CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, scheduler.Timesteps.Count);

        using var frozen = no_grad();
        using var outer = NewDisposeScope();
        var prompts = noise.size(0);
        var latent = noise * scheduler.InitNoiseSigma;
        for (var step = 0; step < count; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var t = scheduler.Timesteps[step];
            var eps = unet.call(cat([latent, latent]), SamplingBatch.Timestep(t, latent.device), conditions); // [2P, 4, h, w]
            var unconditional = eps.narrow(0, 0, prompts);
            var guided = unconditional + ((eps.narrow(0, prompts, prompts) - unconditional) * guidanceScale);
            var next = scheduler.Step(guided, t, latent);
            latent.Dispose();
            latent = next.MoveToOuterDisposeScope();
        }

        return latent.MoveToOuterDisposeScope();
    }
}
