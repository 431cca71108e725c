using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Training;

/// <summary>
/// AdamW over all parameters as one float32 vector, with the moving average of the weights beside it. A handful of vector
/// operations per step, whatever the number of layers, and four vectors are the whole state to save.
/// </summary>
/// <remarks>Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.</remarks>
public sealed class FlatAdamW : IDisposable
{
    private const double Epsilon = 1e-8;
    private readonly TrainingSettings _settings;

    /// <param name="settings">Betas, decay and clipping.</param>
    /// <param name="weights">[P] float32 initial weights; owned from here on.</param>
    public FlatAdamW(TrainingSettings settings, Tensor weights)
    {
        _settings = settings;
        Weights = weights;
        Momentum = zeros_like(weights);
        Variance = zeros_like(weights);
        Average = weights.clone();
    }

    /// <summary>[P] the weights being trained.</summary>
    public Tensor Weights { get; }

    /// <summary>[P] first moment.</summary>
    public Tensor Momentum { get; }

    /// <summary>[P] second moment.</summary>
    public Tensor Variance { get; }

    /// <summary>[P] moving average of the weights.</summary>
    public Tensor Average { get; }

    /// <summary>Updates made so far.</summary>
    public long Step { get; set; }

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
            throw new InvalidOperationException($"The gradient of step {Step} is not finite; lower the learning rate of {_settings.Name}.");
        if (norm > _settings.GradientClip)
            gradient.mul_(_settings.GradientClip / norm);

        Step++;
        Momentum.mul_(_settings.Beta1).add_(gradient, 1 - _settings.Beta1);
        Variance.mul_(_settings.Beta2).add_(gradient * gradient, 1 - _settings.Beta2);
        var scale = Math.Sqrt(1 - Math.Pow(_settings.Beta2, Step));
        var denominator = Variance.sqrt().div_(scale).add_(Epsilon);
        Weights.mul_(1 - learningRate * _settings.WeightDecay);
        Weights.add_(Momentum / denominator, -learningRate / (1 - Math.Pow(_settings.Beta1, Step)));

        // The average of the first steps would remember the random start, so its decay grows with the step.
        var decay = Math.Min(_settings.AverageDecay, (1.0 + Step) / (10.0 + Step));
        if (_settings.AverageDecay == 0)
            decay = 0;
        Average.mul_(decay).add_(Weights, 1 - decay);
        return norm;
    }

    public void Dispose()
    {
        Weights.Dispose();
        Momentum.Dispose();
        Variance.Dispose();
        Average.Dispose();
    }
}
