using System.Globalization;
using SafetyPortal.Diffusion.Unet;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Ablation;

/// <summary>Fills as people write them and as patches record them: <c>zero</c>, <c>mean</c>, <c>noise:0.01</c> (sigma), <c>scale:0.5</c> (factor).</summary>
public static class FillText
{
    /// <summary>Returns the settings with the fill that <paramref name="text"/> names. Noise without a sigma keeps that of the settings.</summary>
    /// <exception cref="ArgumentException">The text names no fill, or its number is missing or outside its range.</exception>
    public static AblationSettings Apply(AblationSettings settings, string text)
    {
        var parts = text.Split(':', 2);
        double? number = parts.Length == 2 && double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;
        return (parts[0].ToLowerInvariant(), parts.Length, number) switch
        {
            ("zero", 1, _) => settings with { Fill = AblationFill.Zero },
            ("mean", 1, _) => settings with { Fill = AblationFill.Mean },
            ("noise", 1, _) => settings with { Fill = AblationFill.Noise },
            ("noise", 2, >= 0 and < 10) => settings with { Fill = AblationFill.Noise, NoiseSigma = number.Value },
            ("scale", 2, >= 0 and <= 1) => settings with { Fill = AblationFill.Scale, Scale = number.Value },
            _ => throw new ArgumentException(
                $"Expected the fill zero, mean, noise, noise:SIGMA (0 to 10) or scale:FACTOR (0 to 1), got \"{text}\".", nameof(text)),
        };
    }

    /// <summary>The fill of the settings, with its number.</summary>
    public static string Of(AblationSettings settings) => settings.Fill switch
    {
        AblationFill.Noise => string.Create(CultureInfo.InvariantCulture, $"noise:{settings.NoiseSigma}"),
        AblationFill.Scale => string.Create(CultureInfo.InvariantCulture, $"scale:{settings.Scale}"),
        _ => settings.Fill.ToString().ToLowerInvariant(),
    };
}

/// <summary>The values that take the place of ablated weights.</summary>
internal static class FillValues
{
    /// <summary>The tensors of <paramref name="mask"/> that lose weights, with their new values; null stands for zeros.</summary>
    /// <exception cref="PatchMismatchException">The model has no such weight, or one of another shape.</exception>
    public static List<PatchTensor> For(UNet2DConditionModel unet, AblationMask mask, AblationSettings settings)
    {
        AblationSettings.Validate(settings);
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        using var noise = new Generator(unchecked((ulong)settings.NoiseSeed));
        return [.. mask.WithoutEmpty().WeightsIn(unet).Select(t => new PatchTensor(t.Mask, settings.Fill switch
        {
            AblationFill.Noise => (randn(t.Mask.Indices.Length, dtype: ScalarType.Float32, generator: noise) * settings.NoiseSigma).data<float>().ToArray(),
            AblationFill.Scale => Scaled(t.Mask, Whole(t.Weight), settings.Scale),
            AblationFill.Mean => RowMeans(t.Mask, Whole(t.Weight)),
            _ => null,
        }))];
    }

    private static float[] Whole(Tensor weight) => weight.detach().reshape(-1).to(ScalarType.Float32).cpu().data<float>().ToArray();

    private static float[] Scaled(TensorMask mask, float[] weights, double factor) => [.. mask.Indices.Select(i => (float)(weights[i] * factor))];

    // A row that loses all its weights has no mean and becomes zero.
    private static float[] RowMeans(TensorMask mask, float[] weights)
    {
        var columns = weights.Length / mask.Shape[0];
        var (sums, left) = (new double[mask.Shape[0]], new long[mask.Shape[0]]);
        Array.Fill(left, columns);
        for (long i = 0; i < weights.Length; i++)
            sums[i / columns] += weights[i];
        foreach (var index in mask.Indices)
        {
            sums[index / columns] -= weights[index];
            left[index / columns]--;
        }

        return [.. mask.Indices.Select(index => left[index / columns] is > 0 and var count ? (float)(sums[index / columns] / count) : 0)];
    }
}
