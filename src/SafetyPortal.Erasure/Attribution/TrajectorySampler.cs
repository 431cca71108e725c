using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Attribution;

/// <summary>
/// One guided DDIM trajectory per seed. A guided step needs eps(z, t, e(c)) and eps(z, t, e("")). The sampler takes the first with gradient and
/// the second without, and uses both for the objective too. Only a base prompt other than "" costs one more prediction. N steps cost N
/// backward passes and 2N forward ones; the restart sampler makes N(N+1)/2 guided steps.
/// </summary>
internal sealed class TrajectorySampler : ILatentSampler
{
    public void Walk(SamplingBatch batch, long seed, Action<LatentVisit> visit, CancellationToken cancellation)
    {
        using var generator = batch.NewGenerator(seed);
        using var outer = NewDisposeScope();
        var scheduler = batch.NewScheduler();
        var latent = batch.Noise(generator); // [P, 4, h, w]
        for (var step = 0; step < scheduler.Timesteps.Count; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var t = scheduler.Timesteps[step];
            var timestep = SamplingBatch.Timestep(t, latent.device);

            var (epsUnconditional, epsBase) = PredictWithoutGradient(batch, latent, timestep);
            var (epsConcept, objective) = batch.Backward(latent, timestep, batch.Concept, eps => EraseObjective.Value(eps, epsBase)); // [P, 4, h, w]
            visit(new LatentVisit(step, t, objective));

            using var frozen = no_grad();
            var guided = epsUnconditional + ((epsConcept - epsUnconditional) * batch.Settings.GuidanceScale);
            var next = scheduler.Step(guided, t, latent);
            latent.Dispose();
            latent = next.MoveToOuterDisposeScope();
        }
    }

    private static (Tensor Unconditional, Tensor Base) PredictWithoutGradient(SamplingBatch batch, Tensor latent, Tensor timestep)
    {
        using var frozen = no_grad();
        if (batch.Base is null)
        {
            var eps = batch.Unet.call(latent, timestep, batch.Unconditional);
            return (eps, eps);
        }

        var both = batch.Unet.call(cat([latent, latent]), timestep, cat([batch.Unconditional, batch.Base])); // [2P, 4, h, w]
        var prompts = latent.size(0);
        return (both.narrow(0, 0, prompts), both.narrow(0, prompts, prompts));
    }
}
