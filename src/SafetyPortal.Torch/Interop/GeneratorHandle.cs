using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Owns one native random number generator.</summary>
internal sealed class GeneratorHandle : SafeHandle
{
    /// <summary>Stands for the device's default generator.</summary>
    internal static readonly GeneratorHandle None = new();

    private GeneratorHandle() : base(0, ownsHandle: false)
    {
    }

    internal GeneratorHandle(nint pointer) : base(0, ownsHandle: true) => SetHandle(pointer);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMethods.sp_generator_free(handle);
        return true;
    }
}
