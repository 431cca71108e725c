using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>
/// Denoising Diffusion Implicit Models, Song et al. 2020 (arXiv 2010.02502), equation 12:
/// <c>x_prev = sqrt(abar_prev) x_0 + sqrt(1 - abar_prev - sigma^2) eps + sigma z</c>, with equation 16's
/// <c>sigma = eta sqrt((1 - abar_prev) / (1 - abar_t)) sqrt(1 - abar_t / abar_prev)</c>.
/// </summary>
public sealed class DdimScheduler : IScheduler
{
    private readonly double _finalAlpha;
    private double[] _timesteps = [];
    private int _stride;

    /// <param name="eta">0 is deterministic, 1 has the variance of ancestral sampling.</param>
    public DdimScheduler(SchedulerConfig config, double eta = 0)
    {
        if (!(eta >= 0 && eta <= 10))
            throw new ArgumentOutOfRangeException(nameof(eta), eta, "Expected 0 to 10.");
        config.RefuseThresholding();
        Config = config;
        Eta = eta;
        Noise = new(config);
        _finalAlpha = config.SetAlphaToOne ?? true ? 1 : Noise.AlphasCumprod[0];
    }

    public SchedulerConfig Config { get; }

    public NoiseSchedule Noise { get; }

    /// <summary>Share of the ancestral noise that each step adds.</summary>
    public double Eta { get; }

    public IReadOnlyList<double> Timesteps => _timesteps;

    public double InitNoiseSigma => 1;

    /// <summary>abar after the last step: 1, or that of training step 0.</summary>
    public double FinalAlphaCumprod => _finalAlpha;

    public void SetTimesteps(int steps)
    {
        var train = Config.NumTrainTimesteps;
        _stride = train / Config.CheckedSteps(steps);
        _timesteps = Config.SpacingOr(TimestepSpacing.Leading) switch
        {
            TimestepSpacing.Linspace => TimestepSequence.Reversed(TimestepSequence.Rounded(TimestepSequence.Linspace(train - 1, steps))),
            TimestepSpacing.Leading => [.. TimestepSequence.Reversed(TimestepSequence.Multiples(_stride, steps)).Select(t => t + Config.StepsOffset)],
            _ => TimestepSequence.Trailing(train, (double)train / steps),
        };
        if (_timesteps[0] >= train)
            throw new SchedulerException($"steps_offset {Config.StepsOffset} puts the first of {steps} steps at {_timesteps[0]}; the training had {train}.");
    }

    public Tensor ScaleModelInput(Tensor sample, double timestep) => sample.alias();

    public Tensor Step(Tensor modelOutput, double timestep, Tensor sample, Tensor? varianceNoise = null)
    {
        if (_stride == 0)
            throw new InvalidOperationException("SetTimesteps must be called before the first step.");
        using var scope = NewDisposeScope();
        var (original, eps) = Split(modelOutput, timestep, sample);
        var abarPrevious = AlphaAt(timestep - _stride);
        var sigma = Eta * Math.Sqrt(Variance(timestep));
        var previous = original * Math.Sqrt(abarPrevious) + eps * Math.Sqrt(Math.Max(0, 1 - abarPrevious - (sigma * sigma)));
        if (Eta > 0)
        {
            if (varianceNoise is null)
                throw new ArgumentNullException(nameof(varianceNoise), $"A DDIM step with eta {Eta} needs unit noise of the sample's shape.");
            previous += varianceNoise * sigma;
        }

        return previous.MoveToOuterDisposeScope();
    }

    /// <summary>The clean sample the prediction implies at <paramref name="timestep"/>, clipped when the configuration says so.</summary>
    public Tensor PredictOriginal(Tensor modelOutput, double timestep, Tensor sample)
    {
        using var scope = NewDisposeScope();
        return Split(modelOutput, timestep, sample).Original.MoveToOuterDisposeScope();
    }

    public Tensor AddNoise(Tensor original, Tensor noise, Tensor timesteps) => Noise.AddNoise(original, noise, timesteps);

    /// <summary>Equation 16 squared with eta 1: the variance a step from <paramref name="timestep"/> to the next planned one may add.</summary>
    public double Variance(double timestep)
    {
        var (abar, previous) = (AlphaAt(timestep), AlphaAt(timestep - _stride));
        return (1 - previous) / (1 - abar) * (1 - (abar / previous));
    }

    private double AlphaAt(double timestep)
    {
        if (timestep < 0)
            return _finalAlpha;
        return timestep < Noise.Count
            ? Noise.AlphasCumprod[(int)timestep]
            : throw new ArgumentOutOfRangeException(nameof(timestep), timestep, $"The training had {Noise.Count} steps.");
    }

    private (Tensor Original, Tensor Eps) Split(Tensor modelOutput, double timestep, Tensor sample)
    {
        var abar = AlphaAt(timestep);
        var (alpha, sigma) = (Math.Sqrt(abar), Math.Sqrt(1 - abar));
        var (original, eps) = Config.Prediction switch
        {
            PredictionType.Epsilon => ((sample - modelOutput * sigma) / alpha, modelOutput),
            PredictionType.Sample => (modelOutput, (sample - modelOutput * alpha) / sigma),
            _ => (sample * alpha - modelOutput * sigma, modelOutput * alpha + sample * sigma),
        };
        if (Config.ClipSample ?? true)
            original = original.clamp(-Config.ClipSampleRange, Config.ClipSampleRange);
        return (original, eps);
    }
}
