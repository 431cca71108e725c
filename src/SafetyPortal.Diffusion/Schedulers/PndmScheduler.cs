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

    private readonly double finalAlpha;
    private readonly MultistepHistory history = new(Order);
    private double[] timesteps = [];
    private double[] rungeKutta = [];
    private int stride;
    private int counter;
    private Tensor? heldSample;
    private Tensor? average;

    public PndmScheduler(SchedulerConfig config)
    {
        if (config.Prediction == PredictionType.Sample)
            throw new ModelFormatException("prediction_type is 'sample'; PNDM transfers noise predictions: expected epsilon or v_prediction.");
        Config = config;
        Noise = new(config with { RescaleBetasZeroSnr = false }); // not one of PNDM's settings
        finalAlpha = config.SetAlphaToOne ?? false ? 1 : Noise.AlphasCumprod[0];
    }

    public SchedulerConfig Config { get; }

    public NoiseSchedule Noise { get; }

    public IReadOnlyList<double> Timesteps => timesteps;

    public double InitNoiseSigma => 1;

    public void SetTimesteps(int steps)
    {
        stride = Config.NumTrainTimesteps / Config.CheckedSteps(steps);
        var ascending = TimestepSequence.Whole(Config, steps);
        if (Config.SkipPrkSteps)
        {
            rungeKutta = [];
            // The second largest timestep is visited twice: once by a plain step, once by Heun's average.
            timesteps = TimestepSequence.Reversed(steps > 1 ? [.. ascending[..^1], ascending[^2], ascending[^1]] : ascending);
        }
        else
        {
            if (steps < Order)
                throw new ModelFormatException($"{steps} steps are too few for the Runge-Kutta warm-up, which takes {Order}; set skip_prk_steps.");
            // Each of the four largest timesteps and its midpoint towards the next, four evaluations a step.
            double[] points = [.. ascending[^Order..].SelectMany(t => new[] { t, t + (stride / 2) })];
            rungeKutta = TimestepSequence.Reversed([.. points[..^1].SelectMany(t => new[] { t, t }).Skip(1).SkipLast(1)]);
            timesteps = [.. rungeKutta, .. TimestepSequence.Reversed(ascending[..^3])];
        }

        Reset();
    }

    public Tensor ScaleModelInput(Tensor sample, double timestep) => sample.alias();

    public Tensor Step(Tensor modelOutput, double timestep, Tensor sample, Tensor? varianceNoise = null)
    {
        if (timesteps.Length == 0)
            throw new InvalidOperationException("SetTimesteps must be called before the first step.");
        using var scope = NewDisposeScope();
        var previous = counter < rungeKutta.Length ? RungeKuttaStep(modelOutput, timestep, sample) : MultistepStep(modelOutput, timestep, sample);
        counter++;
        if (counter == timesteps.Length)
            Reset();
        return previous.MoveToOuterDisposeScope();
    }

    public Tensor AddNoise(Tensor original, Tensor noise, Tensor timesteps) => Noise.AddNoise(original, noise, timesteps);

    public void Dispose() => Reset();

    // Equation 13: four evaluations, weights 1/6 1/3 1/3 1/6, all from the sample at the start of the step.
    private Tensor RungeKuttaStep(Tensor modelOutput, double timestep, Tensor sample)
    {
        var phase = counter % 4;
        var previousTimestep = timestep - (phase % 2 == 0 ? stride / 2 : 0);
        if (phase == 0)
        {
            history.Add(modelOutput);
            Hold(ref heldSample, sample);
            Hold(ref average, modelOutput / 6);
        }
        else if (phase < 3)
        {
            Hold(ref average, average! + modelOutput / 3);
        }
        else
        {
            modelOutput = average! + modelOutput / 6;
        }

        return Transfer(heldSample!, rungeKutta[counter / 4 * 4], previousTimestep, modelOutput);
    }

    // Equation 12 with as many past outputs as there are.
    private Tensor MultistepStep(Tensor modelOutput, double timestep, Tensor sample)
    {
        if (counter == 1 && rungeKutta.Length == 0)
        {
            var heun = (modelOutput + history[0]) / 2;
            return Transfer(heldSample!, timestep + stride, timestep, heun);
        }

        history.Add(modelOutput);
        if (history.Count == 1)
            Hold(ref heldSample, sample);
        var weighted = history.Count switch
        {
            1 => modelOutput,
            2 => (history[0] * 3 - history[1]) / 2,
            3 => (history[0] * 23 - history[1] * 16 + history[2] * 5) / 12,
            _ => (history[0] * 55 - history[1] * 59 + history[2] * 37 - history[3] * 9) / 24,
        };
        return Transfer(sample, timestep, timestep - stride, weighted);
    }

    // Equation 9: from t to the previous timestep along the predicted noise.
    private Tensor Transfer(Tensor sample, double timestep, double previousTimestep, Tensor output)
    {
        var (abar, previous) = (AlphaAt(timestep), AlphaAt(previousTimestep));
        var eps = Config.Prediction == PredictionType.Velocity ? output * Math.Sqrt(abar) + sample * Math.Sqrt(1 - abar) : output;
        var divisor = (abar * Math.Sqrt(1 - previous)) + Math.Sqrt(abar * (1 - abar) * previous);
        return sample * Math.Sqrt(previous / abar) - eps * ((previous - abar) / divisor);
    }

    private double AlphaAt(double timestep) => Noise.AlphaAt(timestep, finalAlpha);

    private static void Hold(ref Tensor? held, Tensor value)
    {
        var kept = value.detach().clone().DetachFromDisposeScope();
        held?.Dispose();
        held = kept;
    }

    private void Reset()
    {
        counter = 0;
        history.Clear();
        heldSample?.Dispose();
        average?.Dispose();
        (heldSample, average) = (null, null);
    }
}
