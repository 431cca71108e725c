using static TorchSharp.torch;

namespace TorchSharp.Modules;

/// <summary>What all optimizers do the same way: groups, state per parameter, saving and loading both.</summary>
public abstract class OptimizerHelper : optim.Optimizer
{
    private readonly Dictionary<Parameter, OptimizerState> states = new(ReferenceEqualityComparer.Instance);

    private protected OptimizerHelper(OptimizerOptions defaults) => _defaults = defaults;

    protected OptimizerOptions _defaults { get; }

    /// <summary>Options per group and state per parameter, in order. The objects are live: changing them changes the optimizer.</summary>
    public virtual StateDictionary state_dict()
    {
        var dictionary = new StateDictionary();
        dictionary.Options.AddRange(_parameter_groups.Select(group => group.Options));
        dictionary.State.AddRange(parameters().Select(parameter => states[parameter]));
        return dictionary;
    }

    /// <summary>Copies options and state of an optimizer of the same kind over as many groups and parameters.</summary>
    public virtual void load_state_dict(StateDictionary state_dict)
    {
        ArgumentNullException.ThrowIfNull(state_dict);
        var own = this.state_dict();
        CheckCounts(own, state_dict.Options.Count, state_dict.State.Count);
        for (var i = 0; i < own.Options.Count; i++)
            own.Options[i].LoadStateDict(state_dict.Options[i]);
        using var inference = no_grad();
        for (var i = 0; i < own.State.Count; i++)
            own.State[i].LoadStateDict(state_dict.State[i]);
    }

    /// <summary>Writes options and state in a format of this library's own.</summary>
    public void save_state_dict(BinaryWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var own = state_dict();
        writer.Write(GetType().Name);
        writer.Write(own.Options.Count);
        writer.Write(own.State.Count);
        own.Options.ForEach(options => options.SaveStateDict(writer));
        own.State.ForEach(state => state.SaveStateDict(writer));
    }

    public void save_state_dict(string location)
    {
        using var stream = File.Create(location);
        using var writer = new BinaryWriter(stream);
        save_state_dict(writer);
    }

    /// <summary>Reads what <see cref="save_state_dict(BinaryWriter)"/> wrote.</summary>
    /// <exception cref="InvalidDataException">Another kind of optimizer, or other groups or parameters.</exception>
    public void load_state_dict(BinaryReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var kind = reader.ReadString();
        if (!string.Equals(kind, GetType().Name, StringComparison.Ordinal))
            throw new InvalidDataException($"Expected the state of {GetType().Name}, got that of {kind}.");
        var own = state_dict();
        CheckCounts(own, reader.ReadInt32(), reader.ReadInt32());
        own.Options.ForEach(options => options.LoadStateDict(reader));
        using var inference = no_grad();
        own.State.ForEach(state => state.LoadStateDict(reader));
    }

    public void load_state_dict(string location)
    {
        using var stream = File.OpenRead(location);
        using var reader = new BinaryReader(stream);
        load_state_dict(reader);
    }

    /// <summary>Moves the optimizer's tensors.</summary>
    public void to(Device device)
    {
        foreach (var state in states.Values)
            state.to(device);
    }

    public override void add_param_group(ParamGroup param_group) => AddGroups([param_group]);

    private protected void AddGroups(IEnumerable<ParamGroup> groups)
    {
        foreach (var group in groups)
            Add(group);
    }

    private void Add(ParamGroup param_group)
    {
        ArgumentNullException.ThrowIfNull(param_group);
        FillIn(param_group.Options);
        // Evaluated once: a generator of parameters would otherwise run again at every step.
        param_group.Parameters = param_group.Parameters.ToArray();
        using var inference = no_grad();
        foreach (var parameter in param_group.Parameters)
        {
            var state = NewState(parameter);
            if (!states.TryAdd(parameter, state))
                throw new ArgumentException("A parameter appears twice.", nameof(param_group));
            state.Initialize(param_group.Options);
        }

        _parameter_groups.Add(param_group);
    }

    private protected abstract OptimizerState NewState(Parameter parameter);

    /// <summary>Sets options that a group leaves open to the defaults.</summary>
    private protected virtual void FillIn(OptimizerOptions options)
    {
        options.LearningRate ??= _defaults.LearningRate;
        options.InitialLearningRate ??= options.LearningRate;
    }

    private protected OptimizerState StateOf(Parameter parameter) => states[parameter];

    /// <summary>Runs the closure with gradients, then the update without.</summary>
    private protected Tensor? Step(Action<ParamGroup> update, Func<Tensor>? closure)
    {
        Tensor? loss = null;
        if (closure is not null)
        {
            using var recording = enable_grad();
            loss = closure();
        }

        using var inference = no_grad();
        using var scope = NewDisposeScope();
        foreach (var group in _parameter_groups)
            update(group);
        return loss;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (var state in states.Values)
                state.Dispose();
        }

        base.Dispose(disposing);
    }

    private static void CheckCounts(StateDictionary own, int groups, int parameters)
    {
        if (groups != own.Options.Count || parameters != own.State.Count)
        {
            throw new InvalidDataException(
                $"Expected {own.Options.Count} groups and {own.State.Count} parameters, the state has {groups} and {parameters}.");
        }
    }
}
