using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>The latest network outputs of a multistep method. They outlive the caller's dispose scopes and are freed here.</summary>
internal sealed class MultistepHistory(int capacity) : IDisposable
{
    private readonly List<Tensor> outputs = [];

    public int Count => outputs.Count;

    /// <summary>0 is the latest.</summary>
    public Tensor this[int age] => outputs[outputs.Count - 1 - age];

    public void Add(Tensor output)
    {
        outputs.Add(output.detach().clone().DetachFromDisposeScope());
        if (outputs.Count > capacity)
        {
            outputs[0].Dispose();
            outputs.RemoveAt(0);
        }
    }

    public void Clear()
    {
        foreach (var output in outputs)
            output.Dispose();
        outputs.Clear();
    }

    public void Dispose() => Clear();
}
