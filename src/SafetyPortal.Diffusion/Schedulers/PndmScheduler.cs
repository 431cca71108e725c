using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>
/// Pseudo numerical methods for diffusion models, Liu et al. 2022 (arXiv 2202.09778): the transfer of equation 9 with the
/// linear multistep average of equation 12, warmed up by the Runge-Kutta steps of equation 13 unless the configuration skips
/// them, as Stable Diffusion 1.x does. Then the first step is made twice, with Heun's average the second time.
/// </summary>
public sealed class PndmScheduler : IScheduler, IDisposable
{
    private const int Order = 4;

    private readonly double _finalAlpha;
    private readonly MultistepHistory _history = new(Order);
    private double[] _timesteps = [];
    private double[] _rungeKutta = [];
    private int _stride;
    private int _counter;
    private Tensor? _heldSample;
    private Tensor? _average;

    public PndmScheduler(SchedulerConfig config)
    {
        if (config.Prediction == PredictionType.Sample)
            throw new SchedulerException("prediction_type is 'sample'; PNDM transfers noise predictions: expected epsilon or v_prediction.");
        Config = config;
        Noise = new(config with { RescaleBetasZeroSnr = false }); // not one of PNDM's settings
        _finalAlpha = config.SetAlphaToOne ?? false ? 1 : Noise.AlphasCumprod[0];
    }

    public SchedulerConfig Config { get; }

    public NoiseSchedule Noise { get; }

    public IReadOnlyList<double> Timesteps => _timesteps;

    public double InitNoiseSigma => 1;

    public void SetTimesteps(int steps)
    {
        var train = Config.NumTrainTimesteps;
        _stride = train / Config.CheckedSteps(steps);
        double[] ascending = Config.SpacingOr(TimestepSpacing.Leading) switch
        {
            TimestepSpacing.Linspace => TimestepSequence.Rounded(TimestepSequence.Linspace(train - 1, steps)),
            TimestepSpacing.Leading => [.. TimestepSequence.Multiples(_stride, steps).Select(t => t + Config.StepsOffset)],
            _ => TimestepSequence.Reversed(TimestepSequence.Trailing(train, (double)train / steps)),
        };
        if (ascending[^1] >= train)
            throw new SchedulerException($"steps_offset {Config.StepsOffset} puts the first of {steps} steps at {ascending[^1]}; the training had {train}.");
        if (Config.SkipPrkSteps)
        {
            _rungeKutta = [];
            // The second largest timestep is visited twice: once by a plain step, once by Heun's average.
            _timesteps = TimestepSequence.Reversed(steps > 1 ? [.. ascending[..^1], ascending[^2], ascending[^1]] : ascending);
        }
        else
        {
            if (steps < Order)
                throw new SchedulerException($"{steps} steps are too few for the Runge-Kutta warm-up, which takes {Order}; set skip_prk_steps.");
            // Each of the four largest timesteps and its midpoint towards the next, four evaluations a step.
            double[] points = [.. ascending[^Order..].SelectMany(t => new[] { t, t + (_stride / 2) })];
            _rungeKutta = TimestepSequence.Reversed([.. points[..^1].SelectMany(t => new[] { t, t }).Skip(1).SkipLast(1)]);
            _timesteps = [.. _rungeKutta, .. TimestepSequence.Reversed(ascending[..^3])];
        }

        Reset();
    }

    public Tensor ScaleModelInput(Tensor sample, double timestep) => sample.alias();

    public Tensor Step(Tensor modelOutput, double timestep, Tensor sample, Tensor? varianceNoise = null)
    {
        if (_timesteps.Length == 0)
            throw new InvalidOperationException("SetTimesteps must be called before the first step.");
        using var scope = NewDisposeScope();
        var previous = _counter < _rungeKutta.Length ? RungeKuttaStep(modelOutput, timestep, sample) : MultistepStep(modelOutput, timestep, sample);
        _counter++;
        if (_counter == _timesteps.Length)
            Reset();
        return previous.MoveToOuterDisposeScope();
    }

    public Tensor AddNoise(Tensor original, Tensor noise, Tensor timesteps) => Noise.AddNoise(original, noise, timesteps);

    public void Dispose() => Reset();

    // Equation 13: four evaluations, weights 1/6 1/3 1/3 1/6, all from the sample at the start of the step.
    private Tensor RungeKuttaStep(Tensor modelOutput, double timestep, Tensor sample)
    {
        var phase = _counter % 4;
        var previousTimestep = timestep - (phase % 2 == 0 ? _stride / 2 : 0);
        if (phase == 0)
        {
            _history.Add(modelOutput);
            Hold(ref _heldSample, sample);
            Hold(ref _average, modelOutput / 6);
        }
        else if (phase < 3)
        {
            Hold(ref _average, _average! + modelOutput / 3);
        }
        else
        {
            modelOutput = _average! + modelOutput / 6;
        }

        return Transfer(_heldSample!, _rungeKutta[_counter / 4 * 4], previousTimestep, modelOutput);
    }

    // Equation 12 with as many past outputs as there are.
    private Tensor MultistepStep(Tensor modelOutput, double timestep, Tensor sample)
    {
        var previousTimestep = timestep - _stride;
        if (_counter == 1 && _rungeKutta.Length == 0)
        {
            previousTimestep = timestep;
            timestep += _stride;
            var heun = (modelOutput + _history[0]) / 2;
            return Transfer(_heldSample!, timestep, previousTimestep, heun);
        }

        _history.Add(modelOutput);
        if (_history.Count == 1)
            Hold(ref _heldSample, sample);
        var average = _history.Count switch
        {
            1 => modelOutput,
            2 => (_history[0] * 3 - _history[1]) / 2,
            3 => (_history[0] * 23 - _history[1] * 16 + _history[2] * 5) / 12,
            _ => (_history[0] * 55 - _history[1] * 59 + _history[2] * 37 - _history[3] * 9) / 24,
        };
        return Transfer(sample, timestep, previousTimestep, average);
    }

    // Equation 9: from t to the previous timestep along the predicted noise.
    private Tensor Transfer(Tensor sample, double timestep, double previousTimestep, Tensor output)
    {
        var (abar, previous) = (AlphaAt(timestep), AlphaAt(previousTimestep));
        var eps = Config.Prediction == PredictionType.Velocity ? output * Math.Sqrt(abar) + sample * Math.Sqrt(1 - abar) : output;
        var divisor = (abar * Math.Sqrt(1 - previous)) + Math.Sqrt(abar * (1 - abar) * previous);
        return sample * Math.Sqrt(previous / abar) - eps * ((previous - abar) / divisor);
    }

    private double AlphaAt(double timestep)
    {
        if (timestep < 0)
            return _finalAlpha;
        return timestep < Noise.Count
            ? Noise.AlphasCumprod[(int)timestep]
            : throw new ArgumentOutOfRangeException(nameof(timestep), timestep, $"The training had {Noise.Count} steps.");
    }

    private static void Hold(ref Tensor? held, Tensor value)
    {
        var kept = value.detach().clone().DetachFromDisposeScope();
        held?.Dispose();
        held = kept;
    }

    private void Reset()
    {
        _counter = 0;
        _history.Clear();
        _heldSample?.Dispose();
        _average?.Dispose();
        (_heldSample, _average) = (null, null);
    }
}
