namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>
/// Noise levels as sigma = sqrt((1 - abar) / abar), the parametrisation of Karras et al. 2022 (arXiv 2206.00364):
/// levels between training steps, Karras' spacing, and the timestep that belongs to a level.
/// </summary>
internal static class SigmaLevels
{
    // Equation 5 of the paper uses rho = 7.
    private const double Rho = 7;

    private static readonly float[] LogNumerator =
        [0f, 1f, 2.112677543073053063722f, 1.480000633576506585156f, 0.3808837741388407920751f, 0.02589979117907922693523f];

    private static readonly float[] LogDenominator =
        [1f, 2.612677543073109236779f, 2.453006071784736363091f, 0.9864942958519418960339f, 0.1546476374983906719538f, 0.005875095403124574342950f];

    /// <summary>Returns the level at a (fractional) timestep, linear between training steps.</summary>
    public static double At(float[] levels, double timestep)
    {
        var low = (int)Math.Clamp(Math.Floor(timestep), 0, levels.Length - 1);
        if (low == levels.Length - 1)
            return levels[^1];
        double slope = (double)levels[low + 1] - levels[low];
        return (slope * (timestep - low)) + levels[low];
    }

    /// <summary>Returns levels from <paramref name="max"/> down to <paramref name="min"/>, evenly spaced in sigma^(1/rho).</summary>
    public static double[] Karras(double min, double max, int count)
    {
        var ramp = TimestepSequence.Linspace(1, count);
        var (low, high) = (Math.Pow(min, 1 / Rho), Math.Pow(max, 1 / Rho));
        return [.. ramp.Select(r => Math.Pow(high + (r * (low - high)), Rho))];
    }

    /// <summary>Returns the level at the end of a trajectory.</summary>
    public static double Final(SchedulerConfig config, float[] levels) => config.FinalSigmasType switch
    {
        "zero" => 0,
        "sigma_min" => levels[0],
        _ => throw new ModelFormatException($"final_sigmas_type is '{config.FinalSigmasType}'; expected zero or sigma_min."),
    };

    /// <summary>
    /// Returns the fractional training step of each level by interpolating its logarithm. It computes in float32 with NumPy's logarithm, as the
    /// reference does, since networks are called with exactly these values.
    /// </summary>
    public static double[] ToTimesteps(double[] sigmas, float[] levels)
    {
        var logs = levels.Select(Log).ToArray();
        return [.. sigmas.Select(s => ToTimestep(s, logs))];
    }

    private static double ToTimestep(double sigma, float[] logs)
    {
        var log = (float)Math.Log(Math.Max(sigma, 1e-10));
        var low = Math.Clamp(Array.FindLastIndex(logs, l => log - l >= 0), 0, logs.Length - 2);
        var weight = Math.Clamp((logs[low] - log) / (logs[low] - logs[low + 1]), 0f, 1f);
        return ((double)(1f - weight) * low) + ((double)weight * (low + 1));
    }

    // NumPy's vectorised float32 logarithm: a rational function on [1/sqrt 2, sqrt 2) with fused multiply-adds.
    private static float Log(float x)
    {
        var exponent = MathF.ILogB(x);
        var mantissa = MathF.ScaleB(x, -exponent);
        if (mantissa > MathF.Sqrt(2))
        {
            mantissa *= 0.5f;
            exponent++;
        }

        var y = mantissa - 1;
        return MathF.FusedMultiplyAdd(exponent, 0.69314718f, Horner(LogNumerator, y) / Horner(LogDenominator, y));
    }

    private static float Horner(float[] coefficients, float x)
    {
        var value = coefficients[^1];
        for (var i = coefficients.Length - 2; i >= 0; i--)
            value = MathF.FusedMultiplyAdd(value, x, coefficients[i]);
        return value;
    }
}
