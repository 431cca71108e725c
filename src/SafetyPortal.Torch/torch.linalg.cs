using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Decompositions and solvers; float32 or float64, batched over leading dimensions.</summary>
    public static class linalg
    {
        public enum QRMode
        {
            Reduced = 0,
            Complete = 1,
        }

        /// <summary>Eigenvalues in ascending order and eigenvectors of a symmetric matrix, of which one triangle is read.</summary>
        public static (Tensor, Tensor) eigh(Tensor input, char UPLO = 'L') =>
            NativeError.Results(NativeMethods.sp_linalg_eigh(input.handle, UPLO == 'U' ? 1 : 0, out var values, out var vectors), values, vectors);

        public static Tensor eigvalsh(Tensor input, char UPLO = 'L') =>
            NativeError.Result(NativeMethods.sp_linalg_eigvalsh(input.handle, UPLO == 'U' ? 1 : 0, out var r), r);

        public static (Tensor U, Tensor S, Tensor Vh) svd(Tensor input, bool fullMatrices = true)
        {
            NativeError.Check(NativeMethods.sp_linalg_svd(input.handle, fullMatrices ? 1 : 0, out var u, out var s, out var vh));
            return (new Tensor(u), new Tensor(s), new Tensor(vh));
        }

        public static Tensor svdvals(Tensor input) => NativeError.Result(NativeMethods.sp_linalg_svdvals(input.handle, out var r), r);

        public static Tensor inv(Tensor input) => NativeError.Result(NativeMethods.sp_linalg_inv(input.handle, out var r), r);

        public static Tensor det(Tensor input) => NativeError.Result(NativeMethods.sp_linalg_det(input.handle, out var r), r);

        public static Tensor cholesky(Tensor input) => NativeError.Result(NativeMethods.sp_linalg_cholesky(input.handle, out var r), r);

        /// <summary>X with A X = B.</summary>
        public static Tensor solve(Tensor A, Tensor B, bool left = true)
        {
            if (left)
                return NativeError.Result(NativeMethods.sp_linalg_solve(A.handle, B.handle, out var r), r);
            using var scope = NewDisposeScope();
            return solve(A.mT, B.mT).mT.MoveToOuterDisposeScope();
        }

        public static (Tensor Q, Tensor R) qr(Tensor input, QRMode mode = QRMode.Reduced) =>
            NativeError.Results(NativeMethods.sp_linalg_qr(input.handle, (int)mode, out var q, out var r), q, r);

        public static Tensor vector_norm(Tensor input, double ord = 2, long[]? dims = null, bool keepdim = false) =>
            NativeError.Result(NativeMethods.sp_linalg_vector_norm(input.handle, ord, dims, dims?.Length ?? -1, keepdim ? 1 : 0, out var r), r);

        public static Tensor norm(Tensor input, double ord, long[]? dims = null, bool keepdim = false) => vector_norm(input, ord, dims, keepdim);

        public static Tensor norm(Tensor input, long[]? dims = null, bool keepdim = false) => vector_norm(input, 2, dims, keepdim);

        /// <summary>A matrix norm by name: "fro" or "nuc".</summary>
        public static Tensor norm(Tensor input, string ord, long[]? dims = null, bool keepdim = false) =>
            NativeError.Result(NativeMethods.sp_linalg_matrix_norm(input.handle, ord, dims, dims?.Length ?? -1, keepdim ? 1 : 0, out var r), r);
    }
}
