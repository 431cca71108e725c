using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>What the network predicts for <c>x_t = alpha x_0 + sigma eps</c>.</summary>
public enum PredictionType
{
    /// <summary>The noise <c>eps</c> (Ho et al. 2020).</summary>
    Epsilon,

    /// <summary>The clean sample <c>x_0</c>.</summary>
    Sample,

    /// <summary><c>v = alpha eps - sigma x_0</c> (Salimans and Ho 2022, arXiv 2202.00512).</summary>
    Velocity,
}

internal static class Predictions
{
    /// <summary>Returns <c>x_0</c> by the network's output for <paramref name="sample"/>.</summary>
    public static Tensor Original(this PredictionType type, Tensor output, Tensor sample, double alpha, double sigma) => type switch
    {
        PredictionType.Epsilon => (sample - output * sigma) / alpha,
        PredictionType.Sample => output,
        _ => sample * alpha - output * sigma,
    };
}
