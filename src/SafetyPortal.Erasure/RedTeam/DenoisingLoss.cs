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
    /// <summary>Noise and timesteps drawn once, to compare conditions on.</summary>
    public static DenoisingLoss Fixed(ProbeSubject subject, Tensor latents, Generator generator)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var train = subject.Pipeline.SchedulerConfig.NumTrainTimesteps;
        var timesteps = randint(0, train, [latents.size(0)], dtype: ScalarType.Int64, generator: generator);
        var noise = randn(latents.shape, dtype: ScalarType.Float32, generator: generator).to(latents.dtype, latents.device);
        return new DenoisingLoss(
            subject.Walk.AddNoise(latents, noise, timesteps).MoveToOuterDisposeScope(),
            timesteps.to(latents.device).MoveToOuterDisposeScope(),
            subject.Walk.TrainingTarget(latents, noise, timesteps).MoveToOuterDisposeScope());
    }

    /// <summary>One fresh draw, with the gradient of the condition and of the weights.</summary>
    public static Tensor Random(ProbeSubject subject, Tensor latents, Tensor condition, Generator generator) =>
        Fixed(subject, latents, generator).Evaluate(subject, condition);

    /// <param name="condition">[B, T, D]</param>
    /// <returns>A scalar.</returns>
    public Tensor Evaluate(ProbeSubject subject, Tensor condition)
    {
        using var scope = NewDisposeScope();
        var eps = subject.Pipeline.Unet.call(Noised, Timesteps, condition); // [B, C, h, w]
        return (eps - Target).pow(2).mean().MoveToOuterDisposeScope();
    }
}
