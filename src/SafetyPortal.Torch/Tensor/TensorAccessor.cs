using System.Collections;
using System.Runtime.CompilerServices;

namespace TorchSharp.Utils;

/// <summary>The elements of a CPU tensor in row-major order, read and written in place.</summary>
public sealed unsafe class TensorAccessor<T> : IEnumerable<T> where T : struct
{
    private readonly torch.Tensor tensor;
    private readonly nint memory;
    private readonly long[] shape;
    private readonly long[] strides;
    private readonly bool contiguous;

    internal TensorAccessor(torch.Tensor tensor, nint memory)
    {
        this.tensor = tensor;
        this.memory = memory;
        shape = tensor.shape;
        strides = tensor.stride();
        contiguous = tensor.is_contiguous();
        Count = tensor.NumberOfElements;
    }

    public long Count { get; }

    /// <summary>Element of that number in row-major order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such element.</exception>
    public T this[params long[] indices]
    {
        get
        {
            var value = Unsafe.ReadUnaligned<T>((void*)Address(indices));
            GC.KeepAlive(tensor); // else it may be finalized, and its memory freed, before the read
            return value;
        }

        set
        {
            Unsafe.WriteUnaligned((void*)Address(indices), value);
            GC.KeepAlive(tensor);
        }
    }

    public T[] ToArray()
    {
        var result = new T[Count];
        CopyTo(result);
        return result;
    }

    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyTo(array.AsSpan(arrayIndex), tensorIndex);

    public void CopyTo(Span<T> span, long tensorIndex = 0)
    {
        var count = Count - tensorIndex;
        if (tensorIndex < 0 || count > span.Length)
            throw new ArgumentException($"{count} elements do not fit into {span.Length}.", nameof(span));
        if (contiguous)
        {
            new ReadOnlySpan<T>((void*)(memory + (nint)(tensorIndex * Unsafe.SizeOf<T>())), (int)count).CopyTo(span);
        }
        else
        {
            for (var i = 0; i < count; i++)
                span[i] = Unsafe.ReadUnaligned<T>((void*)FlatAddress(tensorIndex + i));
        }

        GC.KeepAlive(tensor);
    }

    public void CopyFrom(ReadOnlySpan<T> span, long tensorIndex = 0)
    {
        if (tensorIndex < 0 || span.Length > Count - tensorIndex)
            throw new ArgumentException($"{span.Length} elements do not fit into {Count - tensorIndex}.", nameof(span));
        for (var i = 0; i < span.Length; i++)
            Unsafe.WriteUnaligned((void*)FlatAddress(tensorIndex + i), span[i]);
        GC.KeepAlive(tensor);
    }

    public IEnumerator<T> GetEnumerator()
    {
        for (long i = 0; i < Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private nint Address(long[] indices)
    {
        if (indices.Length == 1 && shape.Length != 1)
            return FlatAddress(indices[0]);
        if (indices.Length != shape.Length)
            throw new ArgumentException($"The tensor has {shape.Length} dimensions, got {indices.Length} indices.", nameof(indices));
        long offset = 0;
        for (var d = 0; d < shape.Length; d++)
        {
            if (indices[d] < 0 || indices[d] >= shape[d])
                throw new ArgumentOutOfRangeException(nameof(indices), indices[d], $"Dimension {d} has {shape[d]} elements.");
            offset += indices[d] * strides[d];
        }

        return memory + (nint)(offset * Unsafe.SizeOf<T>());
    }

    private nint FlatAddress(long index)
    {
        if (index < 0 || index >= Count)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"The tensor has {Count} elements.");
        if (contiguous)
            return memory + (nint)(index * Unsafe.SizeOf<T>());
        long offset = 0;
        for (var d = shape.Length - 1; d >= 0; d--)
        {
            offset += index % shape[d] * strides[d];
            index /= shape[d];
        }

        return memory + (nint)(offset * Unsafe.SizeOf<T>());
    }
}
