using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Owns one native tensor. Its finalizer frees what was never disposed, from any thread.</summary>
internal sealed class TensorHandle : SafeHandle
{
    /// <summary>Stands for "no tensor" where libtorch takes an optional one.</summary>
    internal static readonly TensorHandle None = new();

    private static long liveCount;
    private static long peakCount;
    private long pressure;

    private TensorHandle() : base(0, ownsHandle: false)
    {
    }

    /// <summary>A handle that is closed already, for an object whose tensor has moved elsewhere.</summary>
    internal static TensorHandle Closed()
    {
        var closed = new TensorHandle();
        closed.SetHandleAsInvalid();
        return closed;
    }

    internal TensorHandle(nint pointer) : base(0, ownsHandle: true)
    {
        SetHandle(pointer);
        var count = Interlocked.Increment(ref liveCount);
        long peak;
        while (count > (peak = Interlocked.Read(ref peakCount)) && Interlocked.CompareExchange(ref peakCount, count, peak) != peak)
        {
        }
    }

    /// <summary>Native tensors alive in the process.</summary>
    internal static long LiveCount => Interlocked.Read(ref liveCount);

    /// <summary>The highest <see cref="LiveCount"/> so far.</summary>
    internal static long PeakCount => Interlocked.Read(ref peakCount);

    public override bool IsInvalid => handle == 0;

    /// <summary>Tells the garbage collector about native memory that only its finalizer would free.</summary>
    internal void AddPressure(long bytes)
    {
        if (pressure > 0)
            return;
        pressure = bytes;
        GC.AddMemoryPressure(bytes);
    }

    protected override bool ReleaseHandle()
    {
        NativeMethods.sp_tensor_free(handle);
        Interlocked.Decrement(ref liveCount);
        if (pressure > 0)
            GC.RemoveMemoryPressure(pressure);
        return true;
    }
}
