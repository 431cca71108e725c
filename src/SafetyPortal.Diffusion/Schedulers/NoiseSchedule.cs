using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>
/// The training noise levels: <c>x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps</c> with <c>abar_t = prod_s (1 - beta_s)</c>
/// (Ho et al. 2020, arXiv 2006.11239, equation 4).
/// </summary>
/// <remarks>
/// The table is rounded to float32 where diffusers rounds it, because networks were trained with that table and published timesteps are derived
/// from it. Everything computed from the table is double.
/// </remarks>
public sealed class NoiseSchedule
{
    private readonly double[] alphasCumprod;

    public NoiseSchedule(SchedulerConfig config)
    {
        var betas = Betas(config);
        if (betas.Any(b => !(b >= 0 && b < 1)))
            throw new ModelFormatException("The noise schedule has a beta outside 0..1; check beta_start, beta_end and trained_betas.");
        if (config.RescaleBetasZeroSnr)
            betas = ZeroTerminalSnr(betas);
        Betas32 = betas;
        alphasCumprod = CumulativeAlphas(betas);
    }

    /// <summary>beta_t for t = 0 .. T-1.</summary>
    public IReadOnlyList<float> Betas32 { get; }

    /// <summary>abar_t for t = 0 .. T-1, each a float32 value.</summary>
    public IReadOnlyList<double> AlphasCumprod => alphasCumprod;

    /// <summary>Training steps T.</summary>
    public int Count => alphasCumprod.Length;

    /// <summary>Returns abar at a timestep; <paramref name="final"/> below 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The training had fewer steps.</exception>
    internal double AlphaAt(double timestep, double final)
    {
        if (timestep < 0)
            return final;
        return timestep < Count
            ? alphasCumprod[(int)timestep]
            : throw new ArgumentOutOfRangeException(nameof(timestep), timestep, $"The training had {Count} steps.");
    }

    /// <summary>
    /// Returns sqrt((1 - abar) / abar) for every training step, rounded to float32. An abar of 0 counts as 2^-24 so that the level stays finite.
    /// </summary>
    internal float[] Sigmas() =>
        [.. alphasCumprod.Select(alpha => alpha > 0 ? (float)alpha : MathF.ScaleB(1, -24)).Select(abar => MathF.Sqrt((1f - abar) / abar))];

    /// <summary>Returns sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps for a batch.</summary>
    /// <param name="original">x_0, [B, ...].</param>
    /// <param name="noise">eps, the same shape.</param>
    /// <param name="timesteps">int64 [B] within the training steps.</param>
    public Tensor AddNoise(Tensor original, Tensor noise, Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var (signal, level) = Coefficients(timesteps, original.dim());
        return (original * signal.to(original) + noise * level.to(original)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Returns a network's training target for <see cref="AddNoise"/>'s sample: the noise, the original, or the velocity
    /// sqrt(abar_t) eps - sqrt(1 - abar_t) x_0 (Salimans and Ho 2022, arXiv 2202.00512, appendix D).
    /// </summary>
    /// <param name="config">Its prediction type decides which.</param>
    /// <param name="original">x_0, [B, ...].</param>
    /// <param name="noise">eps, the same shape.</param>
    /// <param name="timesteps">int64 [B] within the training steps.</param>
    public Tensor TrainingTarget(SchedulerConfig config, Tensor original, Tensor noise, Tensor timesteps)
    {
        if (config.Prediction != PredictionType.Velocity)
            return config.Prediction == PredictionType.Sample ? original.alias() : noise.alias();
        using var scope = NewDisposeScope();
        var (signal, level) = Coefficients(timesteps, original.dim());
        return (noise * signal.to(original) - original * level.to(original)).MoveToOuterDisposeScope();
    }

    /// <summary>Returns sqrt(abar_t) and sqrt(1 - abar_t), float32 [B, 1, 1, ...] with <paramref name="rank"/> dimensions.</summary>
    internal (Tensor Signal, Tensor Noise) Coefficients(Tensor timesteps, long rank) =>
        (Gather(timesteps, rank, t => (float)Math.Sqrt(alphasCumprod[t])), Gather(timesteps, rank, t => (float)Math.Sqrt(1 - alphasCumprod[t])));

    /// <summary>Returns a number per timestep, float32 [B, 1, 1, ...] with <paramref name="rank"/> dimensions.</summary>
    internal Tensor Gather(Tensor timesteps, long rank, Func<long, float> at)
    {
        var steps = timesteps.cpu().to(ScalarType.Int64).data<long>().ToArray();
        var bad = Array.FindIndex(steps, t => t < 0 || t >= Count);
        if (bad >= 0)
            throw new ArgumentOutOfRangeException(nameof(timesteps), steps[bad], $"Expected a training step from 0 to {Count - 1}.");
        long[] shape = [steps.Length, .. Enumerable.Repeat(1L, (int)rank - 1)];
        using var flat = tensor(steps.Select(at).ToArray());
        return flat.reshape(shape);
    }

    private static float[] Betas(SchedulerConfig config) => config switch
    {
        { TrainedBetas: { } betas } => [.. betas.Select(b => (float)b)],
        { BetaSchedule: "linear" } => Linspace(config.BetaStart, config.BetaEnd, config.NumTrainTimesteps),
        { BetaSchedule: "scaled_linear" } => [.. Linspace(Math.Sqrt(config.BetaStart), Math.Sqrt(config.BetaEnd), config.NumTrainTimesteps).Select(r => r * r)],
        { BetaSchedule: "squaredcos_cap_v2" } => Cosine(config.NumTrainTimesteps),
        _ => throw new ModelFormatException($"beta_schedule is '{config.BetaSchedule}'; expected linear, scaled_linear or squaredcos_cap_v2."),
    };

    // torch.linspace with the rounding of PyTorch 1.13, which made the published timesteps; newer versions differ in the last bit. It works from both
    // ends to the middle in groups of eight. The first of a group is rounded once, and the others add multiples of the step to it.
    private static float[] Linspace(double start, double end, int count)
    {
        const int Group = 8;
        var (first, last) = ((float)start, (float)end);
        if (count == 1)
            return [first];
        var step = (last - first) / (count - 1);
        var values = new float[count];
        for (var i = 0; i < count; i++)
        {
            var lead = i - (i % Group);
            if (lead + Group > count)
                lead = i;
            var value = lead < count / 2 ? MathF.FusedMultiplyAdd(step, lead, first) : MathF.FusedMultiplyAdd(-step, count - 1 - lead, last);
            values[i] = value + (step * (i - lead));
        }

        return values;
    }

    // Nichol and Dhariwal 2021, arXiv 2102.09672, equation 17, capped at 0.999.
    private static float[] Cosine(int count)
    {
        static double Bar(double t) => Math.Pow(Math.Cos((t + 0.008) / 1.008 * Math.PI / 2), 2);
        return [.. Enumerable.Range(0, count).Select(i => (float)Math.Min(1 - (Bar((i + 1.0) / count) / Bar((double)i / count)), 0.999))];
    }

    private static double[] CumulativeAlphas(float[] betas)
    {
        var product = 1.0;
        return [.. betas.Select(b => (double)(float)(product *= 1f - b))];
    }

    // Lin et al. 2023, arXiv 2305.08891, algorithm 1: shift and scale sqrt(abar) so that the last step is pure noise.
    private static float[] ZeroTerminalSnr(float[] betas)
    {
        var roots = CumulativeAlphas(betas).Select(a => MathF.Sqrt((float)a)).ToArray();
        var (first, last) = (roots[0], roots[^1]);
        var bars = roots.Select(r => (r - last) * (first / (first - last))).Select(r => r * r).ToArray();
        return [.. bars.Select((bar, t) => 1f - (t == 0 ? bar : bar / bars[t - 1]))];
    }
}
