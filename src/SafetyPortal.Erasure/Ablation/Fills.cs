using System.Globalization;
using SafetyPortal.Diffusion.Unet;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Ablation;

/// <summary>Fills as people write them and as patches record them: <c>zero</c>, <c>mean</c>, <c>noise:0.01</c> (sigma), <c>scale:0.5</c> (factor).</summary>
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

/// <summary>The values that take the place of ablated weights.</summary>
internal static class FillValues
{
    /// <summary>The tensors of <paramref name="mask"/> that lose weights, with their new values; zeros are not spelled out.</summary>
    /// <exception cref="PatchMismatchException">The model has no such weight, or one of another shape.</exception>
    public static List<PatchTensor> For(UNet2DConditionModel unet, AblationMask mask, AblationSettings settings)
    {
        AblationSettings.Validate(settings);
        var weights = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        using var noise = settings.Fill == AblationFill.Noise ? new Generator(unchecked((ulong)settings.NoiseSeed)) : null;
        return [.. mask.Tensors.Where(t => t.Indices.Length > 0).Select(t => new PatchTensor(t, settings.Fill switch
        {
            AblationFill.Noise => Draw(t.Indices.Length, settings.NoiseSigma, noise!),
            AblationFill.Scale => [.. Old(t).Select(value => (float)(value * settings.Scale))],
            AblationFill.Mean => RowMeans(t, Whole(t)),
            _ => null,
        }))];

        float[] Whole(TensorMask t)
        {
            if (!weights.TryGetValue(t.Name, out var weight) || !weight.shape.SequenceEqual(t.Shape))
                throw new PatchMismatchException($"Expected a weight called {t.Name} of shape [{string.Join(", ", t.Shape)}], the model has none.");
            using var frozen = no_grad();
            using var scope = NewDisposeScope();
            return weight.detach().reshape(-1).to(ScalarType.Float32).cpu().data<float>().ToArray();
        }

        IEnumerable<float> Old(TensorMask t)
        {
            var all = Whole(t);
            return t.Indices.Select(i => all[i]);
        }
    }

    // A row that loses all its weights has no mean and becomes zero.
    private static float[] RowMeans(TensorMask mask, float[] weights)
    {
        var columns = weights.Length / mask.Shape[0];
        var (sums, left) = (new double[mask.Shape[0]], new long[mask.Shape[0]]);
        for (long i = 0; i < weights.Length; i++) sums[i / columns] += weights[i];
        Array.Fill(left, columns);
        foreach (var index in mask.Indices)
        {
            sums[index / columns] -= weights[index];
            left[index / columns]--;
        }

        return [.. mask.Indices.Select(index => left[index / columns] is > 0 and var count ? (float)(sums[index / columns] / count) : 0)];
    }

    private static float[] Draw(int count, double sigma, Generator generator)
    {
        using var values = randn(count, dtype: ScalarType.Float32, generator: generator);
        using var scaled = values * sigma;
        return scaled.data<float>().ToArray();
    }
}
