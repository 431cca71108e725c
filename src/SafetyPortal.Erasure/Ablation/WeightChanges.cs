using SafetyPortal.Diffusion.Unet;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Ablation;

/// <summary>Some entries of a live weight. Disposing restores their values at construction, bit for bit.</summary>
internal sealed class WeightEntries : IDisposable
{
    private readonly Tensor positions; // int64 [n]

    /// <param name="weight">Contiguous.</param>
    /// <param name="indices">Flat positions, each once.</param>
    public WeightEntries(Parameter weight, long[] indices)
    {
        using var scope = NewDisposeScope();
        Weight = weight;
        positions = tensor(indices, [indices.Length]).to(weight.device).DetachFromDisposeScope();
        Before = Read().DetachFromDisposeScope();
    }

    public Parameter Weight { get; }

    /// <summary>Their values at construction, [n].</summary>
    public Tensor Before { get; }

    /// <summary>Returns their values now, [n].</summary>
    public Tensor Read()
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        return Weight.detach().view(-1).index_select(0, positions).MoveToOuterDisposeScope();
    }

    /// <param name="values">[n]</param>
    public void Write(Tensor values)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        Weight.detach().view(-1).index_copy_(0, positions, values.to(Weight.dtype, Weight.device));
    }

    /// <summary>Returns the gradient at the entries, [n], and clears that of the whole weight.</summary>
    /// <param name="name">Name of the weight, for the message.</param>
    /// <exception cref="InvalidOperationException">The weight received no gradient.</exception>
    public Tensor TakeGradient(string name)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var gradient = Weight.grad ?? throw new InvalidOperationException($"Expected a gradient for {name}; the objective does not depend on it.");
        var taken = gradient.reshape(-1).index_select(0, positions);
        Weight.grad = null;
        return taken.MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        Write(Before);
        Before.Dispose();
        positions.Dispose();
    }
}

/// <summary>Entries of weights with new values. Disposing restores the former values, bit for bit.</summary>
internal sealed class WeightChanges : IDisposable
{
    private readonly List<WeightEntries> changed = [];

    /// <summary>Writes the new values of some tensors into a model.</summary>
    /// <exception cref="PatchMismatchException">The model has no such weight, or one of another shape. Nothing was written.</exception>
    public static WeightChanges Apply(UNet2DConditionModel unet, IReadOnlyList<PatchTensor> tensors)
    {
        var changes = new WeightChanges();
        foreach (var (item, (_, weight)) in tensors.Zip(new AblationMask([.. tensors.Select(t => t.Mask)]).WeightsIn(unet)))
            changes.Write(weight, item.Mask.Indices, item.Fill);
        return changes;
    }

    /// <param name="values">As many as indices; null writes zeros.</param>
    public void Write(Parameter weight, long[] indices, float[]? values = null)
    {
        using var scope = NewDisposeScope();
        var entries = new WeightEntries(weight, indices);
        changed.Add(entries);
        entries.Write(values is null ? zeros_like(entries.Before) : tensor(values, [values.Length]));
    }

    public void Dispose()
    {
        // Last written, first restored: positions written twice get their first values back.
        foreach (var entries in Enumerable.Reverse(changed))
            entries.Dispose();
        changed.Clear();
    }
}
