using static TorchSharp.torch;

namespace TorchSharp.Modules;

/// <summary>Parameters that share options.</summary>
public abstract class ParamGroup : optim.ILearningRateController
{
    private protected ParamGroup(IEnumerable<Parameter> parameters, OptimizerOptions options) => (Parameters, Options) = (parameters, options);

    public IEnumerable<Parameter> Parameters { get; set; }

    public OptimizerOptions Options { get; set; }

    public double LearningRate
    {
        get => Options.LearningRate ?? throw new InvalidOperationException("This group has no learning rate before an optimizer holds it.");
        set => Options.LearningRate = value;
    }

    public double InitialLearningRate
    {
        get => Options.InitialLearningRate ?? LearningRate;
        set => Options.InitialLearningRate = value;
    }
}

/// <inheritdoc/>
public class ParamGroup<TOptions> : ParamGroup
    where TOptions : OptimizerOptions, new()
{
    public ParamGroup()
        : base([], new TOptions())
    {
    }

    public ParamGroup(IEnumerable<Parameter> parameters, TOptions? options = null)
        : base(parameters, options ?? new TOptions())
    {
    }
}

/// <summary>Options of a group. Null means "the optimizer's default" until the group is added.</summary>
public abstract class OptimizerOptions
{
    public double? InitialLearningRate { get; set; }

    public double? LearningRate { get; set; }

    public abstract void LoadStateDict(OptimizerOptions source);

    public abstract void LoadStateDict(BinaryReader reader);

    public abstract void SaveStateDict(BinaryWriter writer);

    private protected void LoadRates(OptimizerOptions source) =>
        (InitialLearningRate, LearningRate) = (source.InitialLearningRate, source.LearningRate);

    private protected void LoadRates(BinaryReader reader) => (InitialLearningRate, LearningRate) = (reader.ReadDouble(), reader.ReadDouble());

    private protected void SaveRates(BinaryWriter writer)
    {
        writer.Write(InitialLearningRate!.Value);
        writer.Write(LearningRate!.Value);
    }

    private protected T SameKind<T>(OptimizerOptions source)
        where T : OptimizerOptions =>
        source as T ?? throw new ArgumentException($"Expected options of {GetType().DeclaringType?.Name}, got {source.GetType().DeclaringType?.Name}.", nameof(source));
}
