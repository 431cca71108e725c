using SafetyPortal.Diffusion.Unet;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Attribution;

/// <summary>
/// CAD-Erase (arXiv 2412.02542): <c>J = || eps(z, t, e(c)) - sg eps(z, t, e(base)) ||^2</c>, summed over all elements.
/// J is large when the prompt changes the prediction, so a component with a positive score helps to show the concept.
/// </summary>
public static class EraseObjective
{
    /// <summary>J from two predictions of the same shape; a scalar that carries the gradient of the first alone.</summary>
    public static Tensor Value(Tensor epsConcept, Tensor epsBase) => (epsConcept - epsBase.detach()).pow(2).sum();

    /// <summary>J at one latent, both predictions in one batch of two as the public code makes them.</summary>
    /// <param name="unet">The model under attribution.</param>
    /// <param name="latent">[1, 4, h, w]</param>
    /// <param name="timestep">[1] or scalar timestep.</param>
    /// <param name="embeddings">[2, T, D]: concept first, base second.</param>
    public static Tensor Evaluate(UNet2DConditionModel unet, Tensor latent, Tensor timestep, Tensor embeddings)
    {
        using var scope = NewDisposeScope();
        var eps = unet.call(cat([latent, latent]), timestep, embeddings); // [2, 4, h, w]
        return Value(eps.narrow(0, 0, 1), eps.narrow(0, 1, 1)).MoveToOuterDisposeScope();
    }
}
