using System.Globalization;

namespace SafetyPortal.Erasure.Ablation;

/// <summary>Texts of the fills, as options and patches have them: <c>zero</c>, <c>mean</c>, <c>noise:0.01</c> (sigma), <c>scale:0.5</c> (factor).</summary>
public static class FillText
{
    /// <summary>The settings with the fill that <paramref name="text"/> names. Noise without a sigma takes that of the settings; a scale needs its factor.</summary>
    /// <exception cref="ArgumentException">The text names no fill, or its number is missing or outside its range.</exception>
    public static AblationSettings Apply(AblationSettings settings, string text)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split(':', 2);
        double? number = parts.Length == 2 && double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;
        return (parts[0].ToLowerInvariant(), parts.Length, number) switch
        {
            ("zero", 1, _) => settings with { Fill = AblationFill.Zero },
            ("mean", 1, _) => settings with { Fill = AblationFill.Mean },
            ("noise", 1, _) => settings with { Fill = AblationFill.Noise },
            ("noise", 2, >= 0 and < 10) => settings with { Fill = AblationFill.Noise, NoiseSigma = number.Value },
            ("scale", 2, >= 0 and <= 1) => settings with { Fill = AblationFill.Scale, Scale = number.Value },
            _ => throw new ArgumentException($"Expected the fill zero, mean, noise, noise:SIGMA (0 to 10) or scale:FACTOR (0 to 1), got \"{text}\".", nameof(text)),
        };
    }

    /// <summary>The fill of the settings, with its number.</summary>
    public static string Of(AblationSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return settings.Fill switch
        {
            AblationFill.Noise => string.Create(CultureInfo.InvariantCulture, $"noise:{settings.NoiseSigma}"),
            AblationFill.Scale => string.Create(CultureInfo.InvariantCulture, $"scale:{settings.Scale}"),
            _ => settings.Fill.ToString().ToLowerInvariant(),
        };
    }
}
