using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>
/// Tells OpenMP's threads to sleep while they wait. By default they spin, which takes a core from whoever could use it: with other programs
/// on the same cores, two threads that spin were twenty times slower than two that sleep, and on idle cores sleeping costs nothing measurable.
/// </summary>
internal static partial class OpenMpWaiting
{
    internal const string Variable = "OMP_WAIT_POLICY";

    /// <summary>To be called before libtorch, and with it OpenMP, is loaded. A choice made in the environment stands.</summary>
    internal static void Choose()
    {
        if (OperatingSystem.IsLinux())
            _ = setenv(Variable, "passive", overwrite: 0);
    }

    // .NET's own SetEnvironmentVariable does not reach native code.
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
