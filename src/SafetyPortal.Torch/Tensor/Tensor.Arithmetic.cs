using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor add(Tensor target) => NativeError.Result(NativeMethods.sp_add(handle, target.handle, NativeScalar.One, out var r), r);

        public Tensor add(Tensor target, Scalar alpha) => NativeError.Result(NativeMethods.sp_add(handle, target.handle, alpha.Value, out var r), r);

        public Tensor add(Scalar scalar) => NativeError.Result(NativeMethods.sp_add_scalar(handle, scalar.Value, NativeScalar.One, out var r), r);

        public Tensor add(Scalar scalar, Scalar alpha) => NativeError.Result(NativeMethods.sp_add_scalar(handle, scalar.Value, alpha.Value, out var r), r);

        public Tensor add_(Tensor target) => Done(NativeMethods.sp_add_(handle, target.handle, NativeScalar.One));

        public Tensor add_(Tensor target, Scalar alpha) => Done(NativeMethods.sp_add_(handle, target.handle, alpha.Value));

        public Tensor add_(Scalar scalar) => Done(NativeMethods.sp_add_scalar_(handle, scalar.Value, NativeScalar.One));

        public Tensor add_(Scalar scalar, Scalar alpha) => Done(NativeMethods.sp_add_scalar_(handle, scalar.Value, alpha.Value));

        public Tensor sub(Tensor target) => NativeError.Result(NativeMethods.sp_sub(handle, target.handle, out var r), r);

        public Tensor sub(Scalar target) => NativeError.Result(NativeMethods.sp_sub_scalar(handle, target.Value, out var r), r);

        public Tensor sub_(Tensor target) => Done(NativeMethods.sp_sub_(handle, target.handle));

        public Tensor sub_(Scalar target) => Done(NativeMethods.sp_sub_scalar_(handle, target.Value));

        public Tensor mul(Tensor target) => NativeError.Result(NativeMethods.sp_mul(handle, target.handle, out var r), r);

        public Tensor mul(Scalar target) => NativeError.Result(NativeMethods.sp_mul_scalar(handle, target.Value, out var r), r);

        public Tensor mul_(Tensor target) => Done(NativeMethods.sp_mul_(handle, target.handle));

        public Tensor mul_(Scalar target) => Done(NativeMethods.sp_mul_scalar_(handle, target.Value));

        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => NativeError.Result(NativeMethods.sp_div(handle, target.handle, (int)rounding_mode, out var r), r);

        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => NativeError.Result(NativeMethods.sp_div_scalar(handle, target.Value, (int)rounding_mode, out var r), r);

        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => Done(NativeMethods.sp_div_(handle, target.handle, (int)rounding_mode));

        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => Done(NativeMethods.sp_div_scalar_(handle, target.Value, (int)rounding_mode));

        public Tensor pow(Tensor exponent) => NativeError.Result(NativeMethods.sp_pow(handle, exponent.handle, out var r), r);

        public Tensor pow(Scalar exponent) => NativeError.Result(NativeMethods.sp_pow_scalar(handle, exponent.Value, out var r), r);

        /// <summary>Adds value * tensor1 * tensor2 to this tensor.</summary>
        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => Done(NativeMethods.sp_addcmul_(handle, tensor1.handle, tensor2.handle, value.Value));

        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2) => addcdiv_(tensor1, tensor2, 1);

        /// <summary>Adds value * tensor1 / tensor2 to this tensor.</summary>
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) => Done(NativeMethods.sp_addcdiv_(handle, tensor1.handle, tensor2.handle, value.Value));

        /// <summary>beta * this + alpha * mat1 @ mat2.</summary>
        public Tensor addmm(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) => NativeError.Result(NativeMethods.sp_addmm(handle, mat1.handle, mat2.handle, beta, alpha, out var r), r);

        /// <summary>this + weight * (end - this).</summary>
        public Tensor lerp(Tensor end, Tensor weight) => NativeError.Result(NativeMethods.sp_lerp(handle, end.handle, weight.handle, out var r), r);

        public Tensor lerp_(Tensor end, Tensor weight) => Done(NativeMethods.sp_lerp_(handle, end.handle, weight.handle));

        public Tensor lerp_(Tensor end, Scalar weight) => Done(NativeMethods.sp_lerp_scalar_(handle, end.handle, weight.Value));

        public Tensor maximum(Tensor other) => NativeError.Result(NativeMethods.sp_maximum(handle, other.handle, out var r), r);

        public Tensor minimum(Tensor other) => NativeError.Result(NativeMethods.sp_minimum(handle, other.handle, out var r), r);

        public Tensor logical_and(Tensor other) => NativeError.Result(NativeMethods.sp_logical_and(handle, other.handle, out var r), r);

        public Tensor logical_or(Tensor other) => NativeError.Result(NativeMethods.sp_logical_or(handle, other.handle, out var r), r);

        public Tensor mm(Tensor target) => NativeError.Result(NativeMethods.sp_mm(handle, target.handle, out var r), r);

        public Tensor bmm(Tensor batch2) => NativeError.Result(NativeMethods.sp_bmm(handle, batch2.handle, out var r), r);

        public Tensor dot(Tensor target) => NativeError.Result(NativeMethods.sp_dot(handle, target.handle, out var r), r);

        public Tensor outer(Tensor vec2) => NativeError.Result(NativeMethods.sp_outer(handle, vec2.handle, out var r), r);

        /// <summary>Product of vectors, matrices or batches of matrices, as libtorch broadcasts them.</summary>
        public Tensor matmul(Tensor target) => NativeError.Result(NativeMethods.sp_matmul(handle, target.handle, out var r), r);

        public Tensor eq(Tensor target) => NativeError.Result(NativeMethods.sp_eq(handle, target.handle, out var r), r);

        public Tensor eq(Scalar target) => NativeError.Result(NativeMethods.sp_eq_scalar(handle, target.Value, out var r), r);

        public Tensor ne(Tensor target) => NativeError.Result(NativeMethods.sp_ne(handle, target.handle, out var r), r);

        public Tensor ne(Scalar target) => NativeError.Result(NativeMethods.sp_ne_scalar(handle, target.Value, out var r), r);

        public Tensor lt(Tensor target) => NativeError.Result(NativeMethods.sp_lt(handle, target.handle, out var r), r);

        public Tensor lt(Scalar target) => NativeError.Result(NativeMethods.sp_lt_scalar(handle, target.Value, out var r), r);

        public Tensor le(Tensor target) => NativeError.Result(NativeMethods.sp_le(handle, target.handle, out var r), r);

        public Tensor le(Scalar target) => NativeError.Result(NativeMethods.sp_le_scalar(handle, target.Value, out var r), r);

        public Tensor gt(Tensor target) => NativeError.Result(NativeMethods.sp_gt(handle, target.handle, out var r), r);

        public Tensor gt(Scalar target) => NativeError.Result(NativeMethods.sp_gt_scalar(handle, target.Value, out var r), r);

        public Tensor ge(Tensor target) => NativeError.Result(NativeMethods.sp_ge(handle, target.handle, out var r), r);

        public Tensor ge(Scalar target) => NativeError.Result(NativeMethods.sp_ge_scalar(handle, target.Value, out var r), r);

        public bool allclose(Tensor target, double rtol = 1E-05, double atol = 1E-08, bool equal_nan = false)
        {
            NativeError.Check(NativeMethods.sp_allclose(handle, target.handle, rtol, atol, equal_nan ? 1 : 0, out var close));
            return close != 0;
        }

        /// <summary>Elementwise, like <see cref="eq(Tensor)"/>.</summary>
        public Tensor equal(Tensor target) => eq(target);

        public Tensor inverse() => linalg.inv(this);
    }
}
