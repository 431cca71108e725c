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
