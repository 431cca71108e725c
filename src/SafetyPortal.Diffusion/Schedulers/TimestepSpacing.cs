namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>How sampling steps are spread over the training steps (Lin et al. 2023, arXiv 2305.08891, table 2).</summary>
public enum TimestepSpacing
{
    /// <summary>Both ends included.</summary>
    Linspace,

    /// <summary>Multiples of a whole stride from 0, plus the configured offset; Stable Diffusion 1.x.</summary>
    Leading,

    /// <summary>A fractional stride down from the last step.</summary>
    Trailing,
}

/// <summary>The sequences behind <see cref="TimestepSpacing"/>, ascending or descending as NumPy would give them.</summary>
internal static class TimestepSequence
{
    /// <summary>Returns whole timesteps, ascending, as DDIM and PNDM space them.</summary>
    /// <exception cref="ModelFormatException">The offset leads beyond the training.</exception>
    public static double[] Whole(SchedulerConfig config, int steps)
    {
        var train = config.NumTrainTimesteps;
        var timesteps = config.SpacingOr(TimestepSpacing.Leading) switch
        {
            TimestepSpacing.Linspace => Rounded(Linspace(train - 1, steps)),
            TimestepSpacing.Leading => Multiples(train / steps, steps, config.StepsOffset),
            _ => Reversed(Trailing(train, (double)train / steps)),
        };
        return timesteps[^1] < train ? timesteps : throw new ModelFormatException(
            $"steps_offset {config.StepsOffset} puts the first of {steps} steps at {timesteps[^1]}; the training had {train}.");
    }

    /// <summary>Returns <paramref name="count"/> values from 0 to <paramref name="last"/> inclusive.</summary>
    public static double[] Linspace(double last, int count)
    {
        var step = count > 1 ? last / (count - 1) : 0;
        double[] values = [.. Enumerable.Range(0, count).Select(i => i * step)];
        if (count > 1)
            values[^1] = last;
        return values;
    }

    /// <summary>Returns offset, offset + stride, offset + 2 stride, ...</summary>
    public static double[] Multiples(int stride, int count, int offset) => [.. Enumerable.Range(0, count).Select(i => ((double)i * stride) + offset)];

    /// <summary>Returns <paramref name="from"/>, then down by <paramref name="stride"/> while above 0; rounded, then one less.</summary>
    public static double[] Trailing(int from, double stride)
    {
        var count = (int)Math.Ceiling(from / stride);
        // NumPy's arange steps by the rounded difference of its first two values, which decides what lies halfway between two integers.
        var step = (from - stride) - from;
        return [.. Enumerable.Range(0, count).Select(i => Math.Round(from + (i * step)) - 1)];
    }

    /// <summary>Rounds half to even, as NumPy does.</summary>
    public static double[] Rounded(double[] values) => [.. values.Select(v => Math.Round(v))];

    /// <summary>Rounds to float32.</summary>
    public static double[] Single(double[] values) => [.. values.Select(v => (double)(float)v)];

    public static double[] Reversed(double[] values) => [.. values.Reverse()];
}
