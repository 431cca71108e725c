using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor view(params long[] shape) => NativeError.Result(NativeMethods.sp_view(handle, shape, shape.Length, out var r), r);

        public Tensor reshape(params long[] shape) => NativeError.Result(NativeMethods.sp_reshape(handle, shape, shape.Length, out var r), r);

        public Tensor permute(params long[] permutation) => NativeError.Result(NativeMethods.sp_permute(handle, permutation, permutation.Length, out var r), r);

        public Tensor permute(IEnumerable<long> permutation) => permute([.. permutation]);

        public Tensor repeat(params long[] sizes) => NativeError.Result(NativeMethods.sp_repeat(handle, sizes, sizes.Length, out var r), r);

        public Tensor flip(params long[] dims) => NativeError.Result(NativeMethods.sp_flip(handle, dims, dims.Length, out var r), r);

        public Tensor transpose(long dim0, long dim1) => NativeError.Result(NativeMethods.sp_transpose(handle, dim0, dim1, out var r), r);

        public Tensor t() => ndim < 2 ? alias() : transpose(0, 1);

        /// <summary>The last two dimensions exchanged.</summary>
        public Tensor mT => transpose(-2, -1);

        public Tensor flatten(long start_dim = 0, long end_dim = -1) => NativeError.Result(NativeMethods.sp_flatten(handle, start_dim, end_dim, out var r), r);

        /// <summary>Splits one dimension into several; one of the sizes may be -1.</summary>
        public Tensor unflatten(long dim, params long[] sizes)
        {
            var present = shape;
            var index = (int)(dim < 0 ? dim + present.Length : dim);
            return reshape([.. present[..index], .. sizes, .. present[(index + 1)..]]);
        }

        public Tensor squeeze(long? dim = null) => dim is { } d
            ? NativeError.Result(NativeMethods.sp_squeeze_dim(handle, d, out var one), one)
            : NativeError.Result(NativeMethods.sp_squeeze(handle, out var all), all);

        public Tensor unsqueeze(long dim) => NativeError.Result(NativeMethods.sp_unsqueeze(handle, dim, out var r), r);

        public Tensor unsqueeze_(long dim) => Done(NativeMethods.sp_unsqueeze_(handle, dim));

        public Tensor expand(ReadOnlySpan<long> sizes, bool isImplicit = false) => NativeError.Result(NativeMethods.sp_expand(handle, sizes, sizes.Length, isImplicit ? 1 : 0, out var r), r);

        public Tensor expand(long[] sizes, bool isImplicit = false) => expand((ReadOnlySpan<long>)sizes, isImplicit);

        public Tensor expand(params long[] sizes) => expand((ReadOnlySpan<long>)sizes);

        public Tensor expand_as(Tensor other) => expand((ReadOnlySpan<long>)other.shape);

        public Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null)
        {
            using var count = torch.tensor(repeats, device: device);
            return repeat_interleave(count, dim, output_size);
        }

        public Tensor repeat_interleave(Tensor repeats, long? dim = null, long? output_size = null) => NativeError.Result(NativeMethods.sp_repeat_interleave(handle, repeats.handle, dim is null ? 0 : 1, dim ?? 0, out var r), r);

        public Tensor[] chunk(long chunks, long dim = 0) => NativeError.ResultList(NativeMethods.sp_chunk(handle, chunks, dim, out var list, out var count), list, count);

        public Tensor[] split(long size, int dim = 0) => NativeError.ResultList(NativeMethods.sp_split(handle, size, dim, out var list, out var count), list, count);

        public Tensor[] split(ReadOnlySpan<long> sizes, long dim = 0) => NativeError.ResultList(NativeMethods.sp_split_sizes(handle, sizes, sizes.Length, dim, out var list, out var count), list, count);

        public Tensor[] split(long[] sizes, long dim = 0) => split((ReadOnlySpan<long>)sizes, dim);

        public Tensor[] unbind(int dimension = 0) => NativeError.ResultList(NativeMethods.sp_unbind(handle, dimension, out var list, out var count), list, count);

        public Tensor narrow(long dim, long start, long length) => NativeError.Result(NativeMethods.sp_narrow(handle, dim, start, length, out var r), r);

        public Tensor select(long dim, long index) => NativeError.Result(NativeMethods.sp_select(handle, dim, index, out var r), r);

        public Tensor slice(long dim, long start, long finish, long step) => NativeError.Result(NativeMethods.sp_slice(handle, dim, start, finish, step, out var r), r);

        public Tensor roll(long shifts, long? dims = null) => roll(new[] { shifts }, dims is { } d ? new[] { d } : []);

        public Tensor roll((long, long) shifts, (long, long) dims) => roll([shifts.Item1, shifts.Item2], [dims.Item1, dims.Item2]);

        public Tensor roll(long[] shifts, long[] dims) => roll((ReadOnlySpan<long>)shifts, dims);

        public Tensor roll(ReadOnlySpan<long> shifts, ReadOnlySpan<long> dims = default) => NativeError.Result(NativeMethods.sp_roll(handle, shifts, shifts.Length, dims, dims.Length, out var r), r);

        public Tensor diagonal(long offset = 0, long dim1 = 0, long dim2 = 1) => NativeError.Result(NativeMethods.sp_diagonal(handle, offset, dim1, dim2, out var r), r);

        public Tensor triu(long diagonal = 0) => NativeError.Result(NativeMethods.sp_triu(handle, diagonal, out var r), r);

        public Tensor tril(long diagonal = 0) => NativeError.Result(NativeMethods.sp_tril(handle, diagonal, out var r), r);

        public Tensor diag(long diagonal = 0) => NativeError.Result(NativeMethods.sp_diag(handle, diagonal, out var r), r);
    }
}
