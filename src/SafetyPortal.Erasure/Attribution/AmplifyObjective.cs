using SafetyPortal.Diffusion.Unet;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Attribution;

/// <summary>
/// CAD-Amplify (arXiv 2412.02542): the denoising loss <c>J = mean || eps(z_t, t, e(c)) - n ||^2</c> at noised latents that show the
/// concept. A component with a positive score raises this loss, so ablating the top ones brings the concept back: the
/// red team's probe of whether an erased model can be revived.
/// </summary>
public static class AmplifyObjective
{
    /// <summary>J of one noised latent.</summary>
    /// <param name="unet">The model under attribution.</param>
    /// <param name="noised">sqrt(a_t) z0 + sqrt(1 - a_t) n, [B, 4, h, w]</param>
    /// <param name="timestep">[1] timestep t.</param>
    /// <param name="noise">n, the shape of <paramref name="noised"/>; the velocity for a model that predicts velocities.</param>
    /// <param name="embeddings">Embedding of the concept prompt, [B, T, D].</param>
    public static Tensor Evaluate(UNet2DConditionModel unet, Tensor noised, Tensor timestep, Tensor noise, Tensor embeddings)
    {
        using var scope = NewDisposeScope();
        return Value(unet.call(noised, timestep, embeddings), noise).MoveToOuterDisposeScope();
    }

    /// <summary>J of a prediction and its target, both [B, 4, h, w]; a scalar.</summary>
    public static Tensor Value(Tensor eps, Tensor target)
    {
        using var scope = NewDisposeScope();
        return (eps - target).pow(2).mean().MoveToOuterDisposeScope();
    }
}
