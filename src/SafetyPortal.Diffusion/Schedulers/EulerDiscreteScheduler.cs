using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>
/// Euler's method on the probability-flow equation in sigma, Karras et al. 2022 (arXiv 2206.00364), algorithm 2 without
/// churn: <c>d = (x - x_0(x, sigma)) / sigma</c>, <c>x_next = x + (sigma_next - sigma) d</c>.
/// </summary>
public sealed class EulerDiscreteScheduler : IScheduler
{
    private readonly StepCounter _position = new();
    private readonly TimestepSpacing _spacing;
    private readonly float[] _levels;
    private double[] _timesteps = [];
    private double[] _sigmas = [];

    public EulerDiscreteScheduler(SchedulerConfig config)
    {
        if (config.InterpolationType is not (null or "linear"))
            throw new SchedulerException($"interpolation_type is '{config.InterpolationType}'; expected linear.");
        if (config.TimestepType is not (null or "discrete"))
            throw new SchedulerException($"timestep_type is '{config.TimestepType}'; expected discrete.");
        config.RefuseOtherSigmas();
        Config = config;
        Noise = new(config);
        _spacing = config.SpacingOr(TimestepSpacing.Linspace);
        _levels = Noise.Sigmas();
    }

    public SchedulerConfig Config { get; }

    public NoiseSchedule Noise { get; }

    public IReadOnlyList<double> Timesteps => _timesteps;

    /// <summary>Noise levels, one more than there are timesteps; the last is 0 or the lowest trained one.</summary>
    public IReadOnlyList<double> Sigmas => _sigmas;

    public double InitNoiseSigma
    {
        get
        {
            var max = _sigmas.Length > 0 ? _sigmas.Max() : _levels.Max();
            return _spacing == TimestepSpacing.Leading ? Math.Sqrt((max * max) + 1) : max;
        }
    }

    public void SetTimesteps(int steps)
    {
        var train = Config.NumTrainTimesteps;
        double[] timesteps = _spacing switch
        {
            TimestepSpacing.Linspace => [.. TimestepSequence.Reversed(TimestepSequence.Linspace(train - 1, Config.CheckedSteps(steps))).Select(t => (double)(float)t)],
            TimestepSpacing.Leading => [.. TimestepSequence.Reversed(TimestepSequence.Multiples(train / Config.CheckedSteps(steps), steps)).Select(t => t + Config.StepsOffset)],
            _ => TimestepSequence.Trailing(train, (double)train / Config.CheckedSteps(steps)),
        };
        double[] sigmas = [.. timesteps.Select(t => SigmaLevels.At(_levels, t))];
        if (Config.UseKarrasSigmas)
        {
            sigmas = SigmaLevels.Karras(Config.SigmaMin ?? sigmas[^1], Config.SigmaMax ?? sigmas[0], steps);
            timesteps = [.. SigmaLevels.ToTimesteps(sigmas, _levels).Select(t => (double)(float)t)];
        }

        _timesteps = timesteps;
        _sigmas = [.. sigmas.Append(SigmaLevels.Final(Config, _levels)).Select(s => (double)(float)s)];
        _position.Reset();
    }

    public Tensor ScaleModelInput(Tensor sample, double timestep)
    {
        var sigma = _sigmas[_position.Current(_timesteps, timestep)];
        return sample / Math.Sqrt((sigma * sigma) + 1);
    }

    public Tensor Step(Tensor modelOutput, double timestep, Tensor sample, Tensor? varianceNoise = null)
    {
        var index = _position.Current(_timesteps, timestep);
        using var scope = NewDisposeScope();
        var (sigma, next) = (_sigmas[index], _sigmas[index + 1]);
        var original = Config.Prediction switch
        {
            PredictionType.Epsilon => sample - modelOutput * sigma,
            PredictionType.Sample => modelOutput,
            _ => modelOutput * (-sigma / Math.Sqrt((sigma * sigma) + 1)) + sample / ((sigma * sigma) + 1),
        };
        var slope = (sample - original) / sigma;
        _position.Advance();
        return (sample + slope * (next - sigma)).MoveToOuterDisposeScope();
    }

    /// <summary>x_0 + sigma(t) eps: in this parametrisation the signal is not scaled down.</summary>
    public Tensor AddNoise(Tensor original, Tensor noise, Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var level = Noise.Gather(timesteps, original.dim(), t => _levels[t]); // finite where the signal is gone
        return (original + noise * level.to(original)).MoveToOuterDisposeScope();
    }
}
