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

    private readonly StepCounter _position = new();
    private readonly MultistepHistory _originals;
    private readonly float[] _levels;
    private double[] _timesteps = [];
    private double[] _sigmas = [];

    public DpmSolverMultistepScheduler(SchedulerConfig config)
    {
        config.RefuseThresholding();
        if (config.AlgorithmType != "dpmsolver++")
            throw new SchedulerException($"algorithm_type is '{config.AlgorithmType}'; expected dpmsolver++.");
        if (config.SolverOrder is < 1 or > 3)
            throw new SchedulerException($"solver_order is {config.SolverOrder}; expected 1, 2 or 3.");
        if (config.SolverType is not ("midpoint" or "heun"))
            throw new SchedulerException($"solver_type is '{config.SolverType}'; expected midpoint or heun.");
        if (config.UseLuLambdas)
            throw new SchedulerException("use_lu_lambdas is true; expected false.");
        if (config.VarianceType is "learned" or "learned_range")
            throw new SchedulerException($"variance_type is '{config.VarianceType}'; the network predicts no variances: expected null.");
        config.RefuseOtherSigmas();
        Config = config;
        Noise = new(config);
        _levels = Noise.Sigmas();
        _originals = new(config.SolverOrder);
    }

    public SchedulerConfig Config { get; }

    public NoiseSchedule Noise { get; }

    public IReadOnlyList<double> Timesteps => _timesteps;

    /// <summary>Noise levels sigma / alpha, one more than there are timesteps.</summary>
    public IReadOnlyList<double> Sigmas => _sigmas;

    public double InitNoiseSigma => 1;

    public void SetTimesteps(int steps)
    {
        Config.CheckedSteps(steps);
        var last = LastTimestep();
        double[] timesteps = Config.SpacingOr(TimestepSpacing.Linspace) switch
        {
            TimestepSpacing.Linspace => TimestepSequence.Reversed(TimestepSequence.Rounded(TimestepSequence.Linspace(last - 1, steps + 1)))[..^1],
            TimestepSpacing.Leading => [.. TimestepSequence.Reversed(TimestepSequence.Multiples(last / (steps + 1), steps + 1))[..^1].Select(t => t + Config.StepsOffset)],
            _ => TimestepSequence.Trailing(last, (double)Config.NumTrainTimesteps / steps),
        };
        double[] sigmas;
        if (Config.UseKarrasSigmas)
        {
            sigmas = SigmaLevels.Karras(Config.SigmaMin ?? _levels[0], Config.SigmaMax ?? _levels[^1], steps);
            timesteps = TimestepSequence.Rounded(SigmaLevels.ToTimesteps(sigmas, _levels));
        }
        else
        {
            sigmas = [.. timesteps.Select(t => SigmaLevels.At(_levels, t))];
        }

        _timesteps = timesteps;
        _sigmas = [.. sigmas.Append(SigmaLevels.Final(Config, _levels)).Select(s => (double)(float)s)];
        Reset();
    }

    public Tensor ScaleModelInput(Tensor sample, double timestep) => sample.alias();

    public Tensor Step(Tensor modelOutput, double timestep, Tensor sample, Tensor? varianceNoise = null)
    {
        var index = _position.Current(_timesteps, timestep);
        using var scope = NewDisposeScope();
        _originals.Add(Original(modelOutput, index, sample));
        var order = OrderAt(index);
        var next = order switch
        {
            1 => FirstOrder(index, sample),
            2 => SecondOrder(index, sample),
            _ => ThirdOrder(index, sample),
        };
        _position.Advance();
        if (index == _timesteps.Length - 1)
            Reset();
        return next.MoveToOuterDisposeScope();
    }

    public Tensor AddNoise(Tensor original, Tensor noise, Tensor timesteps) => Noise.AddNoise(original, noise, timesteps);

    public void Dispose() => Reset();

    private int OrderAt(int index)
    {
        var order = Math.Min(Config.SolverOrder, _originals.Count);
        var cautious = Config.LowerOrderFinal && _timesteps.Length < FewSteps;
        if (index == _timesteps.Length - 1 && (Config.EulerAtFinal || cautious || Config.FinalSigmasType == "zero"))
            return 1;
        return index == _timesteps.Length - 2 && cautious ? Math.Min(order, 2) : order;
    }

    private Tensor Original(Tensor modelOutput, int index, Tensor sample)
    {
        var (alpha, sigma) = AlphaSigma(index);
        return Config.Prediction switch
        {
            PredictionType.Epsilon => (sample - modelOutput * sigma) / alpha,
            PredictionType.Sample => modelOutput,
            _ => sample * alpha - modelOutput * sigma,
        };
    }

    private Tensor FirstOrder(int index, Tensor sample)
    {
        var (alpha, sigma) = AlphaSigma(index + 1);
        var h = Lambda(index + 1) - Lambda(index);
        return sample * (sigma / AlphaSigma(index).Sigma) - _originals[0] * (alpha * (Math.Exp(-h) - 1));
    }

    private Tensor SecondOrder(int index, Tensor sample)
    {
        var (alpha, sigma) = AlphaSigma(index + 1);
        var h = Lambda(index + 1) - Lambda(index);
        var r = (Lambda(index) - Lambda(index - 1)) / h;
        var shrink = Math.Exp(-h) - 1;
        var second = Config.SolverType == "midpoint" ? -0.5 * shrink : (shrink / h) + 1;
        var slope = (_originals[0] - _originals[1]) / r;
        return sample * (sigma / AlphaSigma(index).Sigma) - _originals[0] * (alpha * shrink) + slope * (alpha * second);
    }

    private Tensor ThirdOrder(int index, Tensor sample)
    {
        var (alpha, sigma) = AlphaSigma(index + 1);
        var h = Lambda(index + 1) - Lambda(index);
        var r0 = (Lambda(index) - Lambda(index - 1)) / h;
        var r1 = (Lambda(index - 1) - Lambda(index - 2)) / h;
        var shrink = Math.Exp(-h) - 1;
        var latest = (_originals[0] - _originals[1]) / r0;
        var bend = latest - (_originals[1] - _originals[2]) / r1;
        var slope = latest + bend * (r0 / (r0 + r1));
        var curve = bend / (r0 + r1);
        return sample * (sigma / AlphaSigma(index).Sigma)
            - _originals[0] * (alpha * shrink)
            + slope * (alpha * ((shrink / h) + 1))
            - curve * (alpha * (((shrink + h) / (h * h)) - 0.5));
    }

    private (double Alpha, double Sigma) AlphaSigma(int index)
    {
        var alpha = 1 / Math.Sqrt((_sigmas[index] * _sigmas[index]) + 1);
        return (alpha, _sigmas[index] * alpha);
    }

    // log(alpha / sigma); infinite at the clean end, where e^-h is then exactly 0.
    private double Lambda(int index) => -Math.Log(_sigmas[index]);

    // Training steps whose lambda is below lambda_min_clipped are left out.
    private int LastTimestep()
    {
        var clipped = 0;
        while (clipped < _levels.Length && -Math.Log(_levels[^(clipped + 1)]) < Config.LambdaMinClipped)
            clipped++;
        return Config.NumTrainTimesteps - clipped;
    }

    private void Reset()
    {
        _position.Reset();
        _originals.Clear();
    }
}
