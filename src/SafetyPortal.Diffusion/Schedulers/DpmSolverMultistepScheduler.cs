using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>
/// DPM-Solver++ (Lu et al. 2022, arXiv 2211.01095), multistep, data prediction, orders 1 to 3. With <c>lambda = log(alpha / sigma)</c>,
/// <c>h = lambda_t - lambda_s</c>, <c>r = h_previous / h</c>: order 2 (algorithm 2) is
/// <c>x_t = sigma_t / sigma_s x_s - alpha_t (e^-h - 1) D0 - alpha_t (e^-h - 1) / 2 D1</c>, <c>D1 = (x0_s - x0_previous) / r</c>.
/// </summary>
public sealed class DpmSolverMultistepScheduler : IScheduler, IDisposable
{
    // Below this many steps the last ones fall back to lower orders, which the authors found more stable.
    private const int FewSteps = 15;

    private readonly StepCounter position = new();
    private readonly MultistepHistory originals;
    private readonly float[] levels;
    private double[] timesteps = [];
    private double[] sigmas = [];

    public DpmSolverMultistepScheduler(SchedulerConfig config)
    {
        config.RefuseThresholding();
        if (config.AlgorithmType != "dpmsolver++")
            throw new ModelFormatException($"algorithm_type is '{config.AlgorithmType}'; expected dpmsolver++.");
        if (config.SolverOrder is < 1 or > 3)
            throw new ModelFormatException($"solver_order is {config.SolverOrder}; expected 1, 2 or 3.");
        if (config.SolverType is not ("midpoint" or "heun"))
            throw new ModelFormatException($"solver_type is '{config.SolverType}'; expected midpoint or heun.");
        if (config.UseLuLambdas)
            throw new ModelFormatException("use_lu_lambdas is true; expected false.");
        if (config.VarianceType is "learned" or "learned_range")
            throw new ModelFormatException($"variance_type is '{config.VarianceType}'; the network predicts no variances: expected null.");
        config.RefuseOtherSigmas();
        Config = config;
        Noise = new(config);
        levels = Noise.Sigmas();
        originals = new(config.SolverOrder);
    }

    public SchedulerConfig Config { get; }

    public NoiseSchedule Noise { get; }

    public IReadOnlyList<double> Timesteps => timesteps;

    /// <summary>Noise levels sigma / alpha, one more than there are timesteps.</summary>
    public IReadOnlyList<double> Sigmas => sigmas;

    public double InitNoiseSigma => 1;

    public void SetTimesteps(int steps)
    {
        Config.CheckedSteps(steps);
        var last = LastTimestep();
        timesteps = Config.SpacingOr(TimestepSpacing.Linspace) switch
        {
            TimestepSpacing.Linspace => TimestepSequence.Reversed(TimestepSequence.Rounded(TimestepSequence.Linspace(last - 1, steps + 1)))[..^1],
            TimestepSpacing.Leading => TimestepSequence.Reversed(TimestepSequence.Multiples(last / (steps + 1), steps + 1, Config.StepsOffset))[..^1],
            _ => TimestepSequence.Trailing(last, (double)Config.NumTrainTimesteps / steps),
        };
        double[] spaced = [.. timesteps.Select(t => SigmaLevels.At(levels, t))];
        if (Config.UseKarrasSigmas)
        {
            spaced = SigmaLevels.Karras(Config.SigmaMin ?? levels[0], Config.SigmaMax ?? levels[^1], steps);
            timesteps = TimestepSequence.Rounded(SigmaLevels.ToTimesteps(spaced, levels));
        }

        sigmas = TimestepSequence.Single([.. spaced, SigmaLevels.Final(Config, levels)]);
        Reset();
    }

    public Tensor ScaleModelInput(Tensor sample, double timestep) => sample.alias();

    public Tensor Step(Tensor modelOutput, double timestep, Tensor sample, Tensor? varianceNoise = null)
    {
        var index = position.Current(timesteps, timestep);
        using var scope = NewDisposeScope();
        var (alpha, sigma) = AlphaSigma(index);
        originals.Add(Config.Prediction.Original(modelOutput, sample, alpha, sigma));
        var next = Next(OrderAt(index), index, sample);
        position.Advance();
        if (index == timesteps.Length - 1)
            Reset();
        return next.MoveToOuterDisposeScope();
    }

    public Tensor AddNoise(Tensor original, Tensor noise, Tensor timesteps) => Noise.AddNoise(original, noise, timesteps);

    public void Dispose() => Reset();

    private int OrderAt(int index)
    {
        var order = Math.Min(Config.SolverOrder, originals.Count);
        var cautious = Config.LowerOrderFinal && timesteps.Length < FewSteps;
        if (index == timesteps.Length - 1 && (Config.EulerAtFinal || cautious || Config.FinalSigmasType == "zero"))
            return 1;
        return index == timesteps.Length - 2 && cautious ? Math.Min(order, 2) : order;
    }

    private Tensor Next(int order, int index, Tensor sample)
    {
        var (alpha, sigma) = AlphaSigma(index + 1);
        var h = Lambda(index + 1) - Lambda(index);
        var shrink = Math.Exp(-h) - 1;
        var first = sample * (sigma / AlphaSigma(index).Sigma) - originals[0] * (alpha * shrink);
        if (order == 1)
            return first;

        var r0 = (Lambda(index) - Lambda(index - 1)) / h;
        var latest = (originals[0] - originals[1]) / r0;
        if (order == 2)
            return first + latest * (alpha * (Config.SolverType == "midpoint" ? -0.5 * shrink : (shrink / h) + 1));

        var r1 = (Lambda(index - 1) - Lambda(index - 2)) / h;
        var bend = latest - (originals[1] - originals[2]) / r1;
        var slope = latest + bend * (r0 / (r0 + r1));
        var curve = bend / (r0 + r1);
        return first + slope * (alpha * ((shrink / h) + 1)) - curve * (alpha * (((shrink + h) / (h * h)) - 0.5));
    }

    private (double Alpha, double Sigma) AlphaSigma(int index)
    {
        var alpha = 1 / Math.Sqrt((sigmas[index] * sigmas[index]) + 1);
        return (alpha, sigmas[index] * alpha);
    }

    // log(alpha / sigma); infinite at the clean end, where e^-h is then exactly 0.
    private double Lambda(int index) => -Math.Log(sigmas[index]);

    // Training steps whose lambda is below lambda_min_clipped are left out.
    private int LastTimestep()
    {
        var clipped = 0;
        while (clipped < levels.Length && -Math.Log(levels[^(clipped + 1)]) < Config.LambdaMinClipped)
            clipped++;
        return Config.NumTrainTimesteps - clipped;
    }

    private void Reset()
    {
        position.Reset();
        originals.Clear();
    }
}
