namespace SafetyPortal.Erasure.Ablation;

/// <summary>Which end of the ranking is ablated.</summary>
public enum AblationMode
{
    /// <summary>The top fraction, where the score is not below zero: erases the concept.</summary>
    Positive,

    /// <summary>The bottom fraction, where the score is not above zero.</summary>
    Negative,

    /// <summary>Top and bottom fraction, whatever the sign, as the public code does.</summary>
    Both,
}

/// <summary>The value in place of an ablated weight.</summary>
public enum AblationFill
{
    Zero,

    /// <summary>Seeded Gaussian noise: exact zeros would show an attacker which weights held the concept.</summary>
    Noise,

    /// <summary>The weight itself times a fixed factor: partial suppression.</summary>
    Scale,

    /// <summary>The mean of the weights that stay in its row.</summary>
    Mean,
}

/// <summary>How scores become an edit.</summary>
/// <param name="Ratio">The dose: fraction of a row, tensor or model, in 0..1. Fractions of an entry are dropped.</param>
/// <param name="NoiseSigma">Standard deviation of the noise fill.</param>
/// <param name="NoiseSeed">Seed of the noise fill.</param>
/// <param name="Scale">Factor of the scale fill, in 0..1.</param>
public sealed record AblationSettings(
    double Ratio,
    AblationScope Scope = AblationScope.Tensor,
    AblationMode Mode = AblationMode.Positive,
    AblationFill Fill = AblationFill.Zero,
    double NoiseSigma = 0.01,
    long NoiseSeed = 0,
    double Scale = 0.5)
{
    internal static void Validate(AblationSettings settings)
    {
        string? problem = settings switch
        {
            { Ratio: not (> 0 and <= 1) } => $"Expected an ablation ratio above 0 and at most 1, got {settings.Ratio}.",
            { Scope: < AblationScope.Row or > AblationScope.Model } => $"Expected a scope of row, tensor or model, got {settings.Scope}.",
            { Mode: < AblationMode.Positive or > AblationMode.Both } => $"Expected the mode positive, negative or both, got {settings.Mode}.",
            { Fill: < AblationFill.Zero or > AblationFill.Mean } => $"Expected the fill zero, noise, scale or mean, got {settings.Fill}.",
            { NoiseSigma: not (>= 0 and < 10) } => $"Expected a noise sigma of 0 to 10, got {settings.NoiseSigma}.",
            { Scale: not (>= 0 and <= 1) } => $"Expected a factor of 0 to 1 for the scale fill, got {settings.Scale}.",
            _ => null,
        };
        if (problem is not null)
            throw new ArgumentException(problem, nameof(settings));
    }
}
