using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor neg() => NativeError.Result(NativeMethods.sp_neg(handle, out var r), r);

        public Tensor abs() => NativeError.Result(NativeMethods.sp_abs(handle, out var r), r);

        public Tensor sqrt() => NativeError.Result(NativeMethods.sp_sqrt(handle, out var r), r);

        public Tensor rsqrt() => NativeError.Result(NativeMethods.sp_rsqrt(handle, out var r), r);

        public Tensor exp() => NativeError.Result(NativeMethods.sp_exp(handle, out var r), r);

        public Tensor log() => NativeError.Result(NativeMethods.sp_log(handle, out var r), r);

        public Tensor log2() => NativeError.Result(NativeMethods.sp_log2(handle, out var r), r);

        public Tensor log1p() => NativeError.Result(NativeMethods.sp_log1p(handle, out var r), r);

        public Tensor sin() => NativeError.Result(NativeMethods.sp_sin(handle, out var r), r);

        public Tensor cos() => NativeError.Result(NativeMethods.sp_cos(handle, out var r), r);

        public Tensor tanh() => NativeError.Result(NativeMethods.sp_tanh(handle, out var r), r);

        public Tensor sigmoid() => NativeError.Result(NativeMethods.sp_sigmoid(handle, out var r), r);

        public Tensor relu() => NativeError.Result(NativeMethods.sp_relu(handle, out var r), r);

        public Tensor silu() => NativeError.Result(NativeMethods.sp_silu(handle, out var r), r);

        public Tensor floor() => NativeError.Result(NativeMethods.sp_floor(handle, out var r), r);

        public Tensor ceil() => NativeError.Result(NativeMethods.sp_ceil(handle, out var r), r);

        public Tensor sign() => NativeError.Result(NativeMethods.sp_sign(handle, out var r), r);

        public Tensor square() => NativeError.Result(NativeMethods.sp_square(handle, out var r), r);

        public Tensor erf() => NativeError.Result(NativeMethods.sp_erf(handle, out var r), r);

        public Tensor reciprocal() => NativeError.Result(NativeMethods.sp_reciprocal(handle, out var r), r);

        public Tensor isnan() => NativeError.Result(NativeMethods.sp_isnan(handle, out var r), r);

        public Tensor isfinite() => NativeError.Result(NativeMethods.sp_isfinite(handle, out var r), r);

        public Tensor isinf() => NativeError.Result(NativeMethods.sp_isinf(handle, out var r), r);

        public Tensor logical_not() => NativeError.Result(NativeMethods.sp_logical_not(handle, out var r), r);

        public Tensor round(long decimals = 0) => NativeError.Result(NativeMethods.sp_round(handle, decimals, out var r), r);

        /// <summary>Exact gelu, with the error function.</summary>
        public Tensor gelu() => NativeError.Result(NativeMethods.sp_gelu(handle, 0, out var r), r);

        public Tensor clamp(Scalar? min = null, Scalar? max = null) => NativeError.Result(NativeMethods.sp_clamp(handle, Number(min), Number(max), out var r), r);

        public Tensor clamp(Tensor? min = null, Tensor? max = null) => NativeError.Result(NativeMethods.sp_clamp_tensor(handle, Optional(min), Optional(max), out var r), r);

        public Tensor clamp_(Scalar? min = null, Scalar? max = null) => Done(NativeMethods.sp_clamp_(handle, Number(min), Number(max)));

        public Tensor clamp_(Tensor? min = null, Tensor? max = null) => Done(NativeMethods.sp_clamp_tensor_(handle, Optional(min), Optional(max)));

        public Tensor clamp_min(Scalar min) => clamp(min: min);

        public Tensor clamp_max(Scalar max) => clamp(max: max);

        public Tensor clamp_min_(Scalar min) => clamp_(min: min);

        public Tensor softmax(long dim, ScalarType? dtype = null) => NativeError.Result(NativeMethods.sp_softmax(handle, dim, Type(dtype), out var r), r);

        public Tensor log_softmax(long dim, ScalarType? dtype = null) => NativeError.Result(NativeMethods.sp_log_softmax(handle, dim, Type(dtype), out var r), r);

        public Tensor zero_() => Done(NativeMethods.sp_zero_(handle));

        public Tensor fill_(Scalar value) => Done(NativeMethods.sp_fill_(handle, value.Value));

        internal static TensorHandle Optional(Tensor? tensor) => tensor?.handle ?? TensorHandle.None;

        internal static NativeScalar Number(Scalar? value) => value?.Value ?? NativeScalar.Absent;

        internal static int Type(ScalarType? type) => type is { } known ? (int)known : -1;
    }
}
