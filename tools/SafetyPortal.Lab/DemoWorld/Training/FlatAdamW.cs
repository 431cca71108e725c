using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Training;

/// <summary>
/// TorchSharp's AdamW over all parameters as one float32 vector, with a moving average of the weights. A step is a handful of vector
/// operations, whatever the number of layers, and four vectors are the whole state to save.
/// </summary>
public sealed class FlatAdamW : IDisposable
{
    private readonly TrainingSettings settings;
    private readonly Parameter weights;
    private readonly AdamW optimizer;
    private readonly AdamW.State state;

    /// <param name="settings">Betas, decay and clipping.</param>
    /// <param name="initial">[P] float32 initial weights; owned from here on.</param>
    public FlatAdamW(TrainingSettings settings, Tensor initial)
    {
        this.settings = settings;
        Average = initial.clone();
        weights = new Parameter(initial, requires_grad: false);
        optimizer = optim.AdamW([weights], settings.LearningRate, settings.Beta1, settings.Beta2, weight_decay: settings.WeightDecay);
        state = (AdamW.State)optimizer.state_dict().State[0];
    }

    /// <summary>[P] the weights being trained.</summary>
    public Tensor Weights => weights;

    /// <summary>[P] first moment.</summary>
    public Tensor Momentum => state.exp_avg;

    /// <summary>[P] second moment.</summary>
    public Tensor Variance => state.exp_avg_sq;

    /// <summary>[P] moving average of the weights.</summary>
    public Tensor Average { get; }

    /// <summary>Updates made so far.</summary>
    public long Step
    {
        get => state.step;
        set => state.step = value;
    }

    /// <summary>Clips the gradient and takes one step.</summary>
    /// <param name="gradient">[P] float32; changed in place.</param>
    /// <param name="learningRate">Rate of this step.</param>
    /// <returns>The gradient's norm before clipping.</returns>
    /// <exception cref="InvalidOperationException">The gradient is not finite; nothing was changed.</exception>
    public double Update(Tensor gradient, double learningRate)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var norm = gradient.norm().ToDouble();
        if (!double.IsFinite(norm))
            throw new InvalidOperationException($"Expected a finite gradient at step {Step}, got {norm}; lower the learning rate of {settings.Name}.");
        if (norm > settings.GradientClip)
            gradient.mul_(settings.GradientClip / norm);

        foreach (var group in optimizer.ParamGroups)
            group.LearningRate = learningRate;
        weights.grad = gradient;
        optimizer.step();
        weights.grad = null;

        // The average of the first steps would remember the random start, so its decay grows with the step.
        var decay = Math.Min(settings.AverageDecay, (1.0 + Step) / (10.0 + Step));
        Average.mul_(decay).add_(weights, 1 - decay);
        return norm;
    }

    public void Dispose()
    {
        optimizer.Dispose();
        weights.Dispose();
        Average.Dispose();
    }
}
