using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>The latest network outputs of a multistep method. They outlive the caller's dispose scopes and are freed here.</summary>
internal sealed class MultistepHistory(int capacity) : IDisposable
{
    private readonly List<Tensor> _outputs = [];

    public int Count => _outputs.Count;

    /// <summary>0 is the latest.</summary>
    public Tensor this[int age] => _outputs[_outputs.Count - 1 - age];

    public void Add(Tensor output)
    {
        _outputs.Add(output.detach().clone().DetachFromDisposeScope());
        if (_outputs.Count > capacity)
        {
            _outputs[0].Dispose();
            _outputs.RemoveAt(0);
        }
    }

    public void Clear()
    {
        foreach (var output in _outputs)
            output.Dispose();
        _outputs.Clear();
    }

    public void Dispose() => Clear();
}
