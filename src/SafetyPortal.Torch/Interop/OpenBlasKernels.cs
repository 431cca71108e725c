using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace TorchSharp.Interop;

/// <summary>
/// Tells OpenBLAS which processor it runs on. Releases older than a processor do not recognise it and fall back to SSE3 kernels
/// (0.3.21 of Debian 12 does so on Xeons since 2023), which multiply matrices at a quarter of the speed.
/// </summary>
internal static partial class OpenBlasKernels
{
    internal const string Variable = "OPENBLAS_CORETYPE";

    /// <summary>To be called before libtorch, and with it OpenBLAS, is loaded. A choice made in the environment stands.</summary>
    internal static void Choose()
    {
        if (OperatingSystem.IsLinux() && For(Avx512BW.VL.IsSupported && Avx512DQ.VL.IsSupported && Avx512CD.VL.IsSupported, Avx2.IsSupported && Fma.IsSupported) is { } core)
            _ = setenv(Variable, core, overwrite: 0);
    }

    /// <returns>The best kernels every processor with these instructions can run; null to leave the choice to OpenBLAS.</returns>
    internal static string? For(bool avx512, bool avx2) => avx512 ? "SKYLAKEX" : avx2 ? "HASWELL" : null;

    // .NET's own SetEnvironmentVariable does not reach native code.
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
