using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Ablation;

/// <summary>Overwrites single weights; disposing restores them bit for bit.</summary>
internal sealed class WeightChanges : IDisposable
{
    private readonly List<(Parameter Weight, Tensor Indices, Tensor Before)> changes = [];

    /// <param name="weight">Contiguous.</param>
    /// <param name="indices">Flat positions, each once.</param>
    /// <param name="values">As many as indices; null writes zeros.</param>
    public void Write(Parameter weight, long[] indices, float[]? values = null)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var positions = tensor(indices, [indices.Length]).to(weight.device);
        var flat = weight.detach().view(-1);
        var before = flat.index_select(0, positions);
        flat.index_copy_(0, positions, values is null ? zeros_like(before) : tensor(values, [values.Length]).to(weight.dtype, weight.device));
        changes.Add((weight, positions.DetachFromDisposeScope(), before.DetachFromDisposeScope()));
    }

    public void Dispose()
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        // The last write is undone first, so positions written twice get their first value back.
        foreach (var (weight, indices, before) in Enumerable.Reverse(changes))
        {
            weight.detach().view(-1).index_copy_(0, indices, before);
            indices.Dispose();
            before.Dispose();
        }

        changes.Clear();
    }
}
