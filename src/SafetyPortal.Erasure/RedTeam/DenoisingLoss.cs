using SafetyPortal.Erasure.Attribution;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.RedTeam;

/// <summary>
/// The training loss of the network, <c>mean || eps(sqrt(a_t) z0 + sqrt(1 - a_t) n, t, c) - target ||^2</c>, on latents that show the concept.
/// Learning probes lower it. The target is the noise n, and the velocity or the original for models that predict those.
/// </summary>
/// <param name="Noised">[B, C, h, w]</param>
/// <param name="Timesteps">[B]</param>
/// <param name="Target">[B, C, h, w]</param>
internal sealed record DenoisingLoss(Tensor Noised, Tensor Timesteps, Tensor Target)
{
    /// <summary>Draws timesteps and noise.</summary>
    public static DenoisingLoss Draw(ProbeSubject subject, Tensor latents, Generator generator)
    {
        var train = subject.Pipeline.SchedulerConfig.NumTrainTimesteps;
        using var timesteps = randint(0, train, [latents.size(0)], dtype: ScalarType.Int64, generator: generator);
        return Draw(subject, latents, timesteps, generator);
    }

    /// <summary>Draws noise for given timesteps.</summary>
    /// <param name="latents">[B, C, h, w]</param>
    /// <param name="timesteps">int64 [B], on the CPU.</param>
    public static DenoisingLoss Draw(ProbeSubject subject, Tensor latents, Tensor timesteps, Generator generator)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var scheduler = subject.Walk.Scheduler;
        var noise = randn(latents.shape, dtype: ScalarType.Float32, generator: generator).to(latents.dtype, latents.device);
        return new DenoisingLoss(
            scheduler.AddNoise(latents, noise, timesteps).MoveToOuterDisposeScope(),
            timesteps.to(latents.device, copy: true).MoveToOuterDisposeScope(),
            scheduler.Noise.TrainingTarget(scheduler.Config, latents, noise, timesteps).MoveToOuterDisposeScope());
    }

    /// <param name="condition">[B, T, D]</param>
    /// <returns>A scalar, with the gradient of the condition and of the weights.</returns>
    public Tensor Evaluate(ProbeSubject subject, Tensor condition) =>
        AmplifyObjective.Evaluate(subject.Pipeline.Unet, Noised, Timesteps, Target, condition);
}
