using static TorchSharp.torch;

namespace TorchSharp.Modules;

/// <summary>Options that Adam and AdamW share.</summary>
public abstract class AdamOptions : OptimizerOptions
{
    /// <summary>Decay rate of the mean gradient.</summary>
    public double? beta1;

    /// <summary>Decay rate of the mean squared gradient.</summary>
    public double? beta2;

    /// <summary>Added to the denominator.</summary>
    public double? eps;

    public double? weight_decay;

    /// <summary>Divide by the largest mean square so far (Reddi et al., 2018).</summary>
    public bool? amsgrad;

    /// <summary>Climb instead of descend.</summary>
    public bool? maximize;

    private protected AdamOptions()
    {
    }

    public override void LoadStateDict(OptimizerOptions source)
    {
        var other = SameKind<AdamOptions>(source);
        LoadRates(other);
        (beta1, beta2, eps, weight_decay) = (other.beta1, other.beta2, other.eps, other.weight_decay);
        (amsgrad, maximize) = (other.amsgrad, other.maximize);
    }

    public override void LoadStateDict(BinaryReader reader)
    {
        LoadRates(reader);
        (beta1, beta2, eps, weight_decay) = (reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble());
        (amsgrad, maximize) = (reader.ReadBoolean(), reader.ReadBoolean());
    }

    public override void SaveStateDict(BinaryWriter writer)
    {
        SaveRates(writer);
        writer.Write(beta1!.Value);
        writer.Write(beta2!.Value);
        writer.Write(eps!.Value);
        writer.Write(weight_decay!.Value);
        writer.Write(amsgrad!.Value);
        writer.Write(maximize!.Value);
    }

    internal void Set(double lr, double beta1, double beta2, double eps, double weightDecay, bool amsgrad, bool maximize)
    {
        (LearningRate, InitialLearningRate) = (NotNegative(lr, "learning rate"), lr);
        (this.beta1, this.beta2) = (Rate(beta1, nameof(beta1)), Rate(beta2, nameof(beta2)));
        (this.eps, weight_decay) = (NotNegative(eps, nameof(eps)), NotNegative(weightDecay, "weight decay"));
        (this.amsgrad, this.maximize) = (amsgrad, maximize);
    }

    internal void FillInFrom(AdamOptions defaults)
    {
        beta1 ??= defaults.beta1;
        beta2 ??= defaults.beta2;
        eps ??= defaults.eps;
        weight_decay ??= defaults.weight_decay;
        amsgrad ??= defaults.amsgrad;
        maximize ??= defaults.maximize;
    }

    private static double NotNegative(double value, string name) =>
        value >= 0 ? value : throw new ArgumentOutOfRangeException(name, value, $"Expected a {name} of at least 0.");

    private static double Rate(double value, string name) =>
        value is >= 0 and < 1 ? value : throw new ArgumentOutOfRangeException(name, value, $"Expected a {name} of at least 0 and below 1.");
}

/// <summary>Running averages of the gradient and its square.</summary>
public abstract class AdamState : OptimizerState
{
    /// <summary>Steps taken.</summary>
    public long step;

    /// <summary>Mean gradient, shaped like the parameter.</summary>
    public Tensor exp_avg;

    /// <summary>Mean squared gradient.</summary>
    public Tensor exp_avg_sq;

    /// <summary>Largest mean squared gradient so far, or null without AMSGrad.</summary>
    public Tensor? max_exp_avg_sq;

    private protected AdamState(Parameter parameter)
        : base(parameter)
    {
        exp_avg = zeros_like(parameter).DetachFromDisposeScope();
        exp_avg_sq = zeros_like(parameter).DetachFromDisposeScope();
    }

    public override void Initialize(OptimizerOptions options)
    {
        step = 0;
        exp_avg.zero_();
        exp_avg_sq.zero_();
        max_exp_avg_sq?.Dispose();
        max_exp_avg_sq = options is AdamOptions { amsgrad: true } ? zeros_like(Parameter).DetachFromDisposeScope() : null;
    }

    public override void LoadStateDict(OptimizerState source)
    {
        if (source is not AdamState other)
            throw new ArgumentException($"Expected running averages, got {source?.GetType().Name}.", nameof(source));
        step = other.step;
        exp_avg.copy_(other.exp_avg);
        exp_avg_sq.copy_(other.exp_avg_sq);
        Load(other.max_exp_avg_sq, ref max_exp_avg_sq);
    }

    public override void LoadStateDict(BinaryReader reader)
    {
        step = reader.ReadInt64();
        Load(reader, ref exp_avg!);
        Load(reader, ref exp_avg_sq!);
        Load(reader, ref max_exp_avg_sq);
    }

    public override void SaveStateDict(BinaryWriter writer)
    {
        writer.Write(step);
        Save(writer, exp_avg);
        Save(writer, exp_avg_sq);
        Save(writer, max_exp_avg_sq);
    }

    public override bool ApproximatelyEquals(OptimizerState other) =>
        other is AdamState same && step == same.step && exp_avg.allclose(same.exp_avg) && exp_avg_sq.allclose(same.exp_avg_sq)
        && (max_exp_avg_sq is null ? same.max_exp_avg_sq is null : same.max_exp_avg_sq is { } max && max_exp_avg_sq.allclose(max));

    public override void to(Device device)
    {
        Move(exp_avg, device);
        Move(exp_avg_sq, device);
        if (max_exp_avg_sq is not null)
            Move(max_exp_avg_sq, device);
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        exp_avg.Dispose();
        exp_avg_sq.Dispose();
        max_exp_avg_sq?.Dispose();
    }

    private static void Move(Tensor tensor, Device device)
    {
        using var moved = tensor.to(device);
        Parameter.Replace(tensor, moved);
    }
}
