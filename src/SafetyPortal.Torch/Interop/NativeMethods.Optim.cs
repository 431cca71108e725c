using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Mirror of <c>native/optim.cpp</c>.</summary>
internal static partial class NativeMethods
{
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_adamw_step(TensorHandle weight, TensorHandle mean, TensorHandle square, NativeAdam options, out int outcome);
}

/// <summary>Numbers of one step; <c>SpAdam</c> of native/optim.cpp.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct NativeAdam(double rate, double beta1, double beta2, double eps, double decay, long step)
{
    internal readonly double rate = rate;
    internal readonly double beta1 = beta1;
    internal readonly double beta2 = beta2;
    internal readonly double eps = eps;
    internal readonly double decay = decay;
    internal readonly long step = step;
}
