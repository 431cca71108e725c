using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Mirror of <c>native/autograd.cpp</c>: gradients.</summary>
internal static partial class NativeMethods
{
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial int sp_requires_grad(TensorHandle x);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial int sp_is_leaf(TensorHandle x);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_set_requires_grad(TensorHandle x, int value);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_retain_grad(TensorHandle x);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_detach(TensorHandle x, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_detach_(TensorHandle x);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_grad(TensorHandle x, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_set_grad(TensorHandle x, TensorHandle grad);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_backward(ReadOnlySpan<nint> tensors, int count, ReadOnlySpan<nint> grads, int gradCount, int retainGraph, int createGraph, ReadOnlySpan<nint> inputs, int inputCount);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_autograd_grad(ReadOnlySpan<nint> outputs, int outputCount, ReadOnlySpan<nint> inputs, int inputCount, ReadOnlySpan<nint> grads, int gradCount, int retainGraph, int createGraph, int allowUnused, out nint result, out int resultCount);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial int sp_grad_mode();
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial void sp_set_grad_mode(int enabled);
}
