using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>
/// Denoising Diffusion Implicit Models, Song et al. 2020 (arXiv 2010.02502), equation 12:
/// <c>x_prev = sqrt(abar_prev) x_0 + sqrt(1 - abar_prev - sigma^2) eps + sigma z</c>, with equation 16's
/// <c>sigma = eta sqrt((1 - abar_prev) / (1 - abar_t)) sqrt(1 - abar_t / abar_prev)</c>.
/// </summary>
public sealed class DdimScheduler : IScheduler
{
    private double[] timesteps = [];
    private int stride;

    /// <param name="eta">0 is deterministic, 1 has the variance of ancestral sampling.</param>
    public DdimScheduler(SchedulerConfig config, double eta = 0)
    {
        if (!(eta >= 0 && eta <= 10))
            throw new ArgumentOutOfRangeException(nameof(eta), eta, "Expected 0 to 10.");
        config.RefuseThresholding();
        Config = config;
        Eta = eta;
        Noise = new(config);
        FinalAlphaCumprod = config.SetAlphaToOne ?? true ? 1 : Noise.AlphasCumprod[0];
    }

    public SchedulerConfig Config { get; }

    public NoiseSchedule Noise { get; }

    /// <summary>Share of the ancestral noise that each step adds.</summary>
    public double Eta { get; }

    public IReadOnlyList<double> Timesteps => timesteps;

    public double InitNoiseSigma => 1;

    /// <summary>abar after the last step: 1, or that of training step 0.</summary>
    public double FinalAlphaCumprod { get; }

    public void SetTimesteps(int steps)
    {
        stride = Config.NumTrainTimesteps / Config.CheckedSteps(steps);
        timesteps = TimestepSequence.Reversed(TimestepSequence.Whole(Config, steps));
    }

    public Tensor ScaleModelInput(Tensor sample, double timestep) => sample.alias();

    public Tensor Step(Tensor modelOutput, double timestep, Tensor sample, Tensor? varianceNoise = null)
    {
        if (stride == 0)
            throw new InvalidOperationException("SetTimesteps must be called before the first step.");
        using var scope = NewDisposeScope();
        var (original, eps) = Split(modelOutput, timestep, sample);
        var abarPrevious = AlphaAt(timestep - stride);
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

    /// <summary>Returns the clean sample that the prediction implies at <paramref name="timestep"/>, clipped if the configuration clips.</summary>
    public Tensor PredictOriginal(Tensor modelOutput, double timestep, Tensor sample)
    {
        using var scope = NewDisposeScope();
        return Split(modelOutput, timestep, sample).Original.MoveToOuterDisposeScope();
    }

    public Tensor AddNoise(Tensor original, Tensor noise, Tensor timesteps) => Noise.AddNoise(original, noise, timesteps);

    /// <summary>Returns the variance that a step from <paramref name="timestep"/> to the next planned one may add: equation 16 squared with eta 1.</summary>
    public double Variance(double timestep)
    {
        var (abar, previous) = (AlphaAt(timestep), AlphaAt(timestep - stride));
        return (1 - previous) / (1 - abar) * (1 - (abar / previous));
    }

    private double AlphaAt(double timestep) => Noise.AlphaAt(timestep, FinalAlphaCumprod);

    private (Tensor Original, Tensor Eps) Split(Tensor modelOutput, double timestep, Tensor sample)
    {
        var abar = AlphaAt(timestep);
        var (alpha, sigma) = (Math.Sqrt(abar), Math.Sqrt(1 - abar));
        var original = Config.Prediction.Original(modelOutput, sample, alpha, sigma);
        var eps = Config.Prediction switch
        {
            PredictionType.Epsilon => modelOutput,
            PredictionType.Sample => (sample - modelOutput * alpha) / sigma,
            _ => modelOutput * alpha + sample * sigma,
        };
        return (Config.ClipSample ?? true ? original.clamp(-Config.ClipSampleRange, Config.ClipSampleRange) : original, eps);
    }
}
