using TorchSharp.Interop;

namespace TorchSharp;

/// <content>Functions of several tensors, and the few that have no member of their own.</content>
public static partial class torch
{
    public static Tensor cat(IList<Tensor> tensors, long dim = 0)
    {
        using var list = new HandleList(tensors);
        return NativeError.Result(NativeMethods.sp_cat(list.Pointers, list.Count, dim, out var r), r);
    }

    public static Tensor cat(Tensor[] tensors, long dim = 0) => cat((IList<Tensor>)tensors, dim);

    public static Tensor cat(ReadOnlySpan<Tensor> tensors, long dim = 0) => cat(tensors.ToArray(), dim);

    public static Tensor concat(IList<Tensor> tensors, long dim = 0) => cat(tensors, dim);

    public static Tensor stack(IEnumerable<Tensor> tensors, long dim = 0)
    {
        using var list = new HandleList(tensors);
        return NativeError.Result(NativeMethods.sp_stack(list.Pointers, list.Count, dim, out var r), r);
    }

    /// <summary>Sum of products by Einstein's convention, such as "bij,bjk-&gt;bik".</summary>
    public static Tensor einsum(string equation, params Tensor[] tensors)
    {
        using var list = new HandleList(tensors);
        return NativeError.Result(NativeMethods.sp_einsum(equation, list.Pointers, list.Count, out var r), r);
    }

    /// <param name="tensors">One-dimensional coordinates.</param>
    /// <param name="indexing">"ij" for matrix order, "xy" for Cartesian.</param>
    public static Tensor[] meshgrid(IEnumerable<Tensor> tensors, string indexing = "ij")
    {
        using var list = new HandleList(tensors);
        return NativeError.ResultList(NativeMethods.sp_meshgrid(list.Pointers, list.Count, indexing, out var grids, out var count), grids, count);
    }

    /// <summary>The positions where the condition holds, one tensor per dimension.</summary>
    public static Tensor[] where(Tensor condition) =>
        NativeError.ResultList(NativeMethods.sp_where_positions(condition.handle, out var list, out var count), list, count);

    /// <summary>
    /// beta * input + alpha * batch1 @ batch2. Composed from bmm: libtorch 1.13's own, with beta 0, can read uninitialised memory.
    /// </summary>
    public static Tensor baddbmm(Tensor input, Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1)
    {
        using var scope = NewDisposeScope();
        var product = batch1.bmm(batch2);
        var scaled = alpha == 1 ? product : product.mul(alpha);
        return (beta == 0 ? scaled : scaled.add(input, beta)).MoveToOuterDisposeScope();
    }

    /// <summary>Counts in equal bins; the range is that of the data when both bounds are 0.</summary>
    public static Tensor histc(Tensor input, long bins = 100, long min = 0, long max = 0) =>
        NativeError.Result(NativeMethods.sp_histc(input.handle, bins, min, max, out var r), r);

    /// <summary>Where each value would be inserted into the sorted sequence.</summary>
    public static Tensor searchsorted(Tensor sorted_sequence, Tensor values, bool out_int32 = false, bool right = false) =>
        NativeError.Result(NativeMethods.sp_searchsorted(sorted_sequence.handle, values.handle, out_int32 ? 1 : 0, right ? 1 : 0, out var r), r);

    public static Tensor bucketize(Tensor input, Tensor boundaries, bool outInt32 = false, bool right = false) =>
        searchsorted(boundaries, input, outInt32, right);
}
