using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor max() => NativeError.Result(NativeMethods.sp_max(handle, out var r), r);

        public Tensor min() => NativeError.Result(NativeMethods.sp_min(handle, out var r), r);

        public Tensor argmax() => NativeError.Result(NativeMethods.sp_argmax(handle, out var r), r);

        public Tensor argmin() => NativeError.Result(NativeMethods.sp_argmin(handle, out var r), r);

        public Tensor median() => NativeError.Result(NativeMethods.sp_median(handle, out var r), r);

        public Tensor any() => NativeError.Result(NativeMethods.sp_any(handle, out var r), r);

        public Tensor all() => NativeError.Result(NativeMethods.sp_all(handle, out var r), r);

        public Tensor nonzero() => NativeError.Result(NativeMethods.sp_nonzero(handle, out var r), r);

        public Tensor mean() => NativeError.Result(NativeMethods.sp_mean(handle, out var r), r);

        public Tensor trace() => NativeError.Result(NativeMethods.sp_trace(handle, out var r), r);

        public Tensor sum(ScalarType? type = null) => NativeError.Result(NativeMethods.sp_sum(handle, Type(type), out var r), r);

        public Tensor sum(ReadOnlySpan<long> dim, bool keepdim = false, ScalarType? type = null) => NativeError.Result(NativeMethods.sp_sum_dims(handle, dim, dim.Length, keepdim ? 1 : 0, Type(type), out var r), r);

        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) => sum((ReadOnlySpan<long>)dim, keepdim, type);

        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => sum([dim], keepdim, type);

        public Tensor sum(long dim0, long dim1, bool keepdim = false, ScalarType? type = null) => sum([dim0, dim1], keepdim, type);

        public Tensor sum(long dim0, long dim1, long dim2, bool keepdim = false, ScalarType? type = null) => sum([dim0, dim1, dim2], keepdim, type);

        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) => NativeError.Result(NativeMethods.sp_mean_dims(handle, dimensions, dimensions.Length, keepdim ? 1 : 0, Type(type), out var r), r);

        public Tensor std(bool unbiased = true) => NativeError.Result(NativeMethods.sp_std(handle, unbiased ? 1 : 0, out var r), r);

        public Tensor std(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null)
        {
            var x = type is { } wanted && wanted != dtype ? to(wanted) : this;
            return NativeError.Result(NativeMethods.sp_std_dims(x.handle, dimensions, dimensions.Length, unbiased ? 1 : 0, keepdim ? 1 : 0, out var r), r);
        }

        public Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => std((ReadOnlySpan<long>)dimensions, unbiased, keepdim, type);

        public Tensor std(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => std([dim], unbiased, keepdim, type);

        public Tensor std((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => std([dim.Item1, dim.Item2], unbiased, keepdim, type);

        public Tensor var(bool unbiased = true) => NativeError.Result(NativeMethods.sp_var(handle, unbiased ? 1 : 0, out var r), r);

        public Tensor var(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null)
        {
            var x = type is { } wanted && wanted != dtype ? to(wanted) : this;
            return NativeError.Result(NativeMethods.sp_var_dims(x.handle, dimensions, dimensions.Length, unbiased ? 1 : 0, keepdim ? 1 : 0, out var r), r);
        }

        public Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => var((ReadOnlySpan<long>)dimensions, unbiased, keepdim, type);

        public Tensor var(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => var([dim], unbiased, keepdim, type);

        public Tensor var((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => var([dim.Item1, dim.Item2], unbiased, keepdim, type);

        public (Tensor std, Tensor mean) std_mean(bool unbiased = true) => (std(unbiased), mean());

        public (Tensor std, Tensor mean) std_mean(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => std_mean([dim], unbiased, keepdim, type);

        public (Tensor std, Tensor mean) std_mean(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => (std(dimensions, unbiased, keepdim, type), mean(dimensions, keepdim, type));

        public Tensor norm(float p = 2) => NativeError.Result(NativeMethods.sp_norm(handle, p, out var r), r);

        public Tensor norm(int dim, bool keepdim = false, float p = 2) => NativeError.Result(NativeMethods.sp_norm_dims(handle, p, [dim], 1, keepdim ? 1 : 0, out var r), r);

        public Tensor prod(ScalarType? type = null) => NativeError.Result(NativeMethods.sp_prod(handle, Type(type), out var r), r);

        public Tensor prod(long dim, bool keepdim = false, ScalarType? type = null) => NativeError.Result(NativeMethods.sp_prod_dim(handle, dim, keepdim ? 1 : 0, Type(type), out var r), r);

        public Tensor cumsum(long dim, ScalarType? type = null) => NativeError.Result(NativeMethods.sp_cumsum(handle, dim, Type(type), out var r), r);

        public Tensor cumprod(long dim, ScalarType? type = null) => NativeError.Result(NativeMethods.sp_cumprod(handle, dim, Type(type), out var r), r);

        public Tensor logsumexp(long dim, bool keepdim = false) => NativeError.Result(NativeMethods.sp_logsumexp(handle, dim, keepdim ? 1 : 0, out var r), r);

        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false) => NativeError.Results(NativeMethods.sp_max_dim(handle, dim, keepdim ? 1 : 0, out var v, out var i), v, i);

        public (Tensor values, Tensor indexes) min(long dim, bool keepdim = false) => NativeError.Results(NativeMethods.sp_min_dim(handle, dim, keepdim ? 1 : 0, out var v, out var i), v, i);

        public Tensor max(Tensor other) => maximum(other);

        public Tensor min(Tensor other) => minimum(other);

        public Tensor amax(params long[] dims) => amax((ReadOnlySpan<long>)dims);

        public Tensor amax(long[] dims, bool keepdim = false) => amax((ReadOnlySpan<long>)dims, keepdim);

        public Tensor amax(ReadOnlySpan<long> dims, bool keepdim = false) => NativeError.Result(NativeMethods.sp_amax(handle, dims, dims.Length, keepdim ? 1 : 0, out var r), r);

        public Tensor amin(params long[] dims) => amin((ReadOnlySpan<long>)dims);

        public Tensor amin(long[] dims, bool keepdim = false) => amin((ReadOnlySpan<long>)dims, keepdim);

        public Tensor amin(ReadOnlySpan<long> dims, bool keepdim = false) => NativeError.Result(NativeMethods.sp_amin(handle, dims, dims.Length, keepdim ? 1 : 0, out var r), r);

        public Tensor argmax(long dim, bool keepdim = false) => NativeError.Result(NativeMethods.sp_argmax_dim(handle, dim, keepdim ? 1 : 0, out var r), r);

        public Tensor argmin(long dim, bool keepdim = false) => NativeError.Result(NativeMethods.sp_argmin_dim(handle, dim, keepdim ? 1 : 0, out var r), r);

        public Tensor any(long dim, bool keepdim = false) => NativeError.Result(NativeMethods.sp_any_dim(handle, dim, keepdim ? 1 : 0, out var r), r);

        public Tensor all(long dim, bool keepdim = false) => NativeError.Result(NativeMethods.sp_all_dim(handle, dim, keepdim ? 1 : 0, out var r), r);

        public (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true) => NativeError.Results(NativeMethods.sp_topk(handle, k, dim, largest ? 1 : 0, sorted ? 1 : 0, out var v, out var i), v, i);

        /// <summary>The k-th smallest, counted from 1; without a dimension, along the last.</summary>
        public (Tensor values, Tensor indices) kthvalue(long k, long? dim, bool keepdim = false) => NativeError.Results(NativeMethods.sp_kthvalue(handle, k, dim ?? -1, keepdim ? 1 : 0, out var v, out var i), v, i);

        public (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false) => NativeError.Results(NativeMethods.sp_sort(handle, dim, descending ? 1 : 0, stable ? 1 : 0, out var v, out var i), v, i);

        public Tensor argsort(long dim = -1, bool descending = false) => NativeError.Result(NativeMethods.sp_argsort(handle, dim, descending ? 1 : 0, out var r), r);

        public Tensor quantile(Tensor q, long dim = -1, bool keepdim = false) => NativeError.Result(NativeMethods.sp_quantile(handle, q.handle, dim, keepdim ? 1 : 0, out var r), r);

        public Tensor bincount(Tensor? weights = null, long minlength = 0) => NativeError.Result(NativeMethods.sp_bincount(handle, Optional(weights), minlength, out var r), r);

        /// <summary>Distinct values, or slices along a dimension; inverse and counts are null unless asked for.</summary>
        public (Tensor output, Tensor? inverse_indices, Tensor? counts) unique(bool sorted = true, bool return_inverse = false, bool return_counts = false, int? dim = null)
        {
            NativeError.Check(NativeMethods.sp_unique(
                handle, dim is null ? 0 : 1, dim ?? 0, sorted ? 1 : 0, return_inverse ? 1 : 0, return_counts ? 1 : 0, out var values, out var inverses, out var counts));
            return (new Tensor(values), inverses == 0 ? null : new Tensor(inverses), counts == 0 ? null : new Tensor(counts));
        }
    }
}
