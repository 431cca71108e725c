using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.RedTeam;

/// <summary>A copy of some weights; disposing restores them bit for bit. For edits that are too broad for a patch.</summary>
internal sealed class WeightSnapshot : IDisposable
{
    private readonly List<(Parameter Weight, Tensor Copy)> copies;

    public WeightSnapshot(IEnumerable<Parameter> weights)
    {
        using var frozen = no_grad();
        copies = weights.Select(w => (w, w.detach().clone().DetachFromDisposeScope())).ToList();
    }

    /// <summary>Puts the weights back and keeps the copy.</summary>
    public void Restore()
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (weight, copy) in copies) weight.detach().copy_(copy);
    }

    public void Dispose()
    {
        Restore();
        foreach (var (_, copy) in copies) copy.Dispose();
        copies.Clear();
    }
}
