using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>A number as the shim takes it; <c>SpScalar</c> of native/shim.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct NativeScalar(long kind, long integer, double real)
{
    internal readonly long kind = kind;
    internal readonly long integer = integer;
    internal readonly double real = real;

    internal static NativeScalar Absent => new(-1, 0, 0);

    internal static NativeScalar One => new(0, 1, 0);
}

/// <summary>One position of an index expression; <c>SpIndex</c> of native/tensor.cpp.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct NativeIndex(long kind, long start, long stop, long step, nint tensor)
{
    internal readonly long kind = kind;
    internal readonly long start = start;
    internal readonly long stop = stop;
    internal readonly long step = step;
    internal readonly nint tensor = tensor;
}
