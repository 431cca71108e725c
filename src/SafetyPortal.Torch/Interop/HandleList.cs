namespace TorchSharp.Interop;

/// <summary>Pointers of several tensors, kept alive while a native call reads them.</summary>
internal readonly ref struct HandleList
{
    private readonly TensorHandle[] held;

    internal HandleList(IEnumerable<torch.Tensor?> tensors) : this(tensors.Select(t => t is null ? TensorHandle.None : t.handle))
    {
    }

    internal HandleList(IEnumerable<TensorHandle> tensors)
    {
        var handles = tensors.ToArray();
        var pointers = new nint[handles.Length];
        var taken = 0;
        try
        {
            for (; taken < handles.Length; taken++)
            {
                var added = false;
                handles[taken].DangerousAddRef(ref added);
                pointers[taken] = handles[taken].DangerousGetHandle();
            }
        }
        catch
        {
            for (var i = 0; i < taken; i++)
                handles[i].DangerousRelease();
            throw;
        }

        held = handles;
        Pointers = pointers;
    }

    internal ReadOnlySpan<nint> Pointers { get; }

    internal int Count => held.Length;

    public void Dispose()
    {
        foreach (var handle in held)
            handle.DangerousRelease();
    }
}
