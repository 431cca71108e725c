using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor index_select(long dim, Tensor index) => NativeError.Result(NativeMethods.sp_index_select(handle, dim, index.handle, out var r), r);

        public Tensor gather(long dim, Tensor index) => NativeError.Result(NativeMethods.sp_gather(handle, dim, index.handle, out var r), r);

        public Tensor scatter(long dim, Tensor index, Tensor src) => NativeError.Result(NativeMethods.sp_scatter(handle, dim, index.handle, src.handle, out var r), r);

        public Tensor scatter_(long dim, Tensor index, Tensor src) => Done(NativeMethods.sp_scatter_(handle, dim, index.handle, src.handle));

        public Tensor scatter_add_(long dim, Tensor index, Tensor src) => Done(NativeMethods.sp_scatter_add_(handle, dim, index.handle, src.handle));

        public Tensor index_copy_(long dim, Tensor index, Tensor source) => Done(NativeMethods.sp_index_copy_(handle, dim, index.handle, source.handle));

        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) => Done(NativeMethods.sp_index_add_(handle, dim, index.handle, source.handle, alpha.Value));

        public Tensor masked_fill(Tensor mask, Scalar value) => NativeError.Result(NativeMethods.sp_masked_fill(handle, mask.handle, value.Value, out var r), r);

        public Tensor masked_fill_(Tensor mask, Scalar value) => Done(NativeMethods.sp_masked_fill_(handle, mask.handle, value.Value));

        public Tensor masked_select(Tensor mask) => NativeError.Result(NativeMethods.sp_masked_select(handle, mask.handle, out var r), r);

        /// <summary>This tensor where the condition holds, the other elsewhere.</summary>
        public Tensor where(Tensor condition, Tensor y) => NativeError.Result(NativeMethods.sp_where(condition.handle, handle, y.handle, out var r), r);
    }
}
