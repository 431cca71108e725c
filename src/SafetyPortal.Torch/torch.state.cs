using System.Runtime.InteropServices;
using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Version of the libtorch that computes, such as "1.13.1".</summary>
    public static string __version__ { get; } = Marshal.PtrToStringUTF8(NativeMethods.sp_version())!;

    /// <summary>Opens a scope on this thread; see <see cref="DisposeScope"/>.</summary>
    public static DisposeScope NewDisposeScope() => DisposeScopeManager.OfThread.Open();

    /// <summary>Evaluates the expression in a scope of its own and keeps only its result.</summary>
    public static Tensor WrappedTensorDisposeScope(Func<Tensor> expr)
    {
        using var scope = NewDisposeScope();
        return expr().MoveToOuterDisposeScope();
    }

    /// <summary>Threads that one operation may use.</summary>
    public static int get_num_threads() => NativeMethods.sp_get_num_threads();

    /// <summary>Sets the threads of libtorch's own kernels and of OpenBLAS, which keeps a pool of its own.</summary>
    public static void set_num_threads(int num) => NativeError.Check(NativeMethods.sp_set_num_threads(num));

    public static int get_num_interop_threads() => NativeMethods.sp_get_num_interop_threads();

    public static void set_num_interop_threads(int num) => NativeError.Check(NativeMethods.sp_set_num_interop_threads(num));
}
