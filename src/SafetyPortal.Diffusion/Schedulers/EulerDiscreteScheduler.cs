using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>
/// Euler's method on the probability-flow equation in sigma, Karras et al. 2022 (arXiv 2206.00364), algorithm 2 without
/// churn: <c>d = (x - x_0(x, sigma)) / sigma</c>, <c>x_next = x + (sigma_next - sigma) d</c>.
/// </summary>
public sealed class EulerDiscreteScheduler : IScheduler
{
    private readonly StepCounter position = new();
    private readonly TimestepSpacing spacing;
    private readonly float[] levels;
    private double[] timesteps = [];
    private double[] sigmas = [];

    public EulerDiscreteScheduler(SchedulerConfig config)
    {
        if (config.InterpolationType is not (null or "linear"))
            throw new ModelFormatException($"interpolation_type is '{config.InterpolationType}'; expected linear.");
        if (config.TimestepType is not (null or "discrete"))
            throw new ModelFormatException($"timestep_type is '{config.TimestepType}'; expected discrete.");
        config.RefuseOtherSigmas();
        Config = config;
        Noise = new(config);
        spacing = config.SpacingOr(TimestepSpacing.Linspace);
        levels = Noise.Sigmas();
    }

    public SchedulerConfig Config { get; }

    public NoiseSchedule Noise { get; }

    public IReadOnlyList<double> Timesteps => timesteps;

    /// <summary>Noise levels, one more than there are timesteps; the last is 0 or the lowest trained one.</summary>
    public IReadOnlyList<double> Sigmas => sigmas;

    public double InitNoiseSigma
    {
        get
        {
            var max = sigmas.Length > 0 ? sigmas.Max() : levels.Max();
            return spacing == TimestepSpacing.Leading ? Math.Sqrt((max * max) + 1) : max;
        }
    }

    public void SetTimesteps(int steps)
    {
        var train = Config.NumTrainTimesteps;
        var stride = train / Config.CheckedSteps(steps);
        timesteps = spacing switch
        {
            TimestepSpacing.Linspace => TimestepSequence.Single(TimestepSequence.Reversed(TimestepSequence.Linspace(train - 1, steps))),
            TimestepSpacing.Leading => TimestepSequence.Reversed(TimestepSequence.Multiples(stride, steps, Config.StepsOffset)),
            _ => TimestepSequence.Trailing(train, (double)train / steps),
        };
        double[] spaced = [.. timesteps.Select(t => SigmaLevels.At(levels, t))];
        if (Config.UseKarrasSigmas)
        {
            spaced = SigmaLevels.Karras(Config.SigmaMin ?? spaced[^1], Config.SigmaMax ?? spaced[0], steps);
            timesteps = TimestepSequence.Single(SigmaLevels.ToTimesteps(spaced, levels));
        }

        sigmas = TimestepSequence.Single([.. spaced, SigmaLevels.Final(Config, levels)]);
        position.Reset();
    }

    public Tensor ScaleModelInput(Tensor sample, double timestep)
    {
        var sigma = sigmas[position.Current(timesteps, timestep)];
        return sample / Math.Sqrt((sigma * sigma) + 1);
    }

    public Tensor Step(Tensor modelOutput, double timestep, Tensor sample, Tensor? varianceNoise = null)
    {
        var index = position.Current(timesteps, timestep);
        using var scope = NewDisposeScope();
        var (sigma, next) = (sigmas[index], sigmas[index + 1]);
        var original = Config.Prediction switch
        {
            PredictionType.Epsilon => sample - modelOutput * sigma,
            PredictionType.Sample => modelOutput,
            _ => modelOutput * (-sigma / Math.Sqrt((sigma * sigma) + 1)) + sample / ((sigma * sigma) + 1),
        };
        var slope = (sample - original) / sigma;
        position.Advance();
        return (sample + slope * (next - sigma)).MoveToOuterDisposeScope();
    }

    /// <summary>Returns x_0 + sigma(t) eps: in this parametrisation the signal is not scaled down.</summary>
    public Tensor AddNoise(Tensor original, Tensor noise, Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var level = Noise.Gather(timesteps, original.dim(), t => levels[t]); // finite where the signal is gone
        return (original + noise * level.to(original)).MoveToOuterDisposeScope();
    }
}
