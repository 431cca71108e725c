using static TorchSharp.torch;

namespace TorchSharp.Modules;

/// <summary>What an optimizer remembers about one parameter between steps.</summary>
public abstract class OptimizerState : IDisposable
{
    private protected OptimizerState(Parameter parameter) => Parameter = parameter;

    private protected Parameter Parameter { get; }

    /// <summary>Starts afresh for the group's options.</summary>
    public abstract void Initialize(OptimizerOptions options);

    /// <summary>Copies the values of another state of the same kind and shape.</summary>
    public abstract void LoadStateDict(OptimizerState source);

    public abstract void LoadStateDict(BinaryReader reader);

    public abstract void SaveStateDict(BinaryWriter writer);

    public abstract bool ApproximatelyEquals(OptimizerState other);

    /// <summary>Moves the state's tensors.</summary>
    public abstract void to(Device device);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);

    private protected static void Save(BinaryWriter writer, Tensor? tensor)
    {
        writer.Write(tensor is null ? -1 : tensor.numel());
        if (tensor is null)
            return;
        using var local = tensor.cpu();
        using var contiguous = local.contiguous();
        writer.Write(contiguous.bytes);
    }

    /// <summary>Reads what <see cref="Save"/> wrote into a tensor shaped like the parameter, made when there is none.</summary>
    private protected void Load(BinaryReader reader, ref Tensor? tensor)
    {
        var count = reader.ReadInt64();
        if (count < 0)
        {
            tensor?.Dispose();
            tensor = null;
            return;
        }

        if (count != Parameter.numel())
            throw new InvalidDataException($"The state holds {count} numbers for a parameter of {Parameter.numel()}.");
        tensor ??= zeros_like(Parameter).DetachFromDisposeScope();
        using var local = empty(tensor.shape, dtype: tensor.dtype);
        reader.BaseStream.ReadExactly(local.bytes);
        tensor.copy_(local);
    }

    private protected void Load(Tensor? source, ref Tensor? tensor)
    {
        if (source is null)
        {
            tensor?.Dispose();
            tensor = null;
            return;
        }

        tensor ??= zeros_like(Parameter).DetachFromDisposeScope();
        tensor.copy_(source);
    }
}
