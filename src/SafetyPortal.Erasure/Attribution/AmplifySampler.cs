using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Attribution;

/// <summary>
/// Latents for <see cref="AmplifyObjective"/>: the model draws images that show the concept, and each is noised to every timestep,
/// least noisy first, with fresh noise.
/// </summary>
internal sealed class AmplifySampler : ILatentSampler
{
    public void Walk(SamplingBatch batch, long seed, Action<LatentVisit> visit, CancellationToken cancellation)
    {
        using var generator = batch.NewGenerator(seed);
        using var outer = NewDisposeScope();
        var scheduler = batch.NewScheduler();
        var shown = RestartSampler.FirstSteps(
            batch.Unet,
            scheduler,
            batch.Noise(generator),
            cat([batch.Unconditional, batch.Concept]),
            batch.Settings.GuidanceScale,
            scheduler.Timesteps.Count,
            cancellation); // [P, 4, h, w]
        for (var step = 0; step < scheduler.Timesteps.Count; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var t = scheduler.Timesteps[scheduler.Timesteps.Count - 1 - step];
            var timestep = SamplingBatch.Timestep(t, shown.device);
            var noise = batch.Noise(generator);
            var noised = scheduler.AddNoise(shown, noise, timestep);

            // The mean is per latent; times P it is the sum over the latents of the batch.
            var target = scheduler.Noise.TrainingTarget(scheduler.Config, shown, noise, timestep);
            var (_, objective) = batch.Backward(noised, timestep, batch.Concept, eps => AmplifyObjective.Value(eps, target) * shown.size(0));
            visit(new LatentVisit(step, t, objective));
        }
    }
}
