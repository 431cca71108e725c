using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Vae;

/// <summary>
/// The diagonal Gaussian that an image is encoded to (Kingma and Welling 2014). It is not multiplied by the scaling factor.
/// Every result is a new tensor of shape [B, latent, h, w] that the caller disposes.
/// </summary>
public sealed class LatentDistribution : IDisposable
{
    private const double MinLogVariance = -30;
    private const double MaxLogVariance = 20;

    /// <param name="moments">[B, 2 * latent, h, w]: means, then logarithms of variances.</param>
    internal LatentDistribution(Tensor moments)
    {
        using var scope = NewDisposeScope();
        var halves = moments.chunk(2, 1);
        Mean = halves[0].MoveToOuterDisposeScope();
        LogVariance = halves[1].clamp(MinLogVariance, MaxLogVariance).MoveToOuterDisposeScope();
    }

    /// <summary>Also the mode.</summary>
    public Tensor Mean { get; }

    /// <summary>Between -30 and 20.</summary>
    public Tensor LogVariance { get; }

    public Tensor StandardDeviation()
    {
        using var half = LogVariance * 0.5;
        return half.exp();
    }

    /// <summary>Returns mean + deviation * noise.</summary>
    /// <param name="noise">Standard normal, of the same shape.</param>
    public Tensor Sample(Tensor noise)
    {
        using var scope = NewDisposeScope();
        return (Mean + (StandardDeviation() * noise)).MoveToOuterDisposeScope();
    }

    /// <summary>Returns the divergence from the standard normal, summed over each image's elements.</summary>
    /// <returns>[B]</returns>
    public Tensor Kl()
    {
        using var scope = NewDisposeScope();
        var each = Mean.pow(2) + LogVariance.exp() - 1.0 - LogVariance;
        return (each.sum([1, 2, 3]) * 0.5).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        Mean.Dispose();
        LogVariance.Dispose();
    }
}
