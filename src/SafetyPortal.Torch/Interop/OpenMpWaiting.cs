using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>
/// Tells OpenMP's threads to sleep while they wait, after a few microseconds in which they look for work. By default they spin for
/// milliseconds, which takes a core from whoever could use it: three programs of two threads on two cores took five to ten times as long that way.
/// Without any spinning the small layers of a UNet wait for their threads to wake: a fifth more time on idle cores.
/// </summary>
internal static partial class OpenMpWaiting
{
    internal const string Variable = "OMP_WAIT_POLICY";

    // Rounds of GCC's OpenMP before a thread sleeps; other implementations do not know the variable.
    internal const string SpinVariable = "GOMP_SPINCOUNT";

    /// <summary>To be called before libtorch, and with it OpenMP, is loaded. A choice made in the environment stands.</summary>
    internal static void Choose()
    {
        if (!OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable(Variable) is not null) return;
        _ = setenv(Variable, "passive", overwrite: 0);
        _ = setenv(SpinVariable, "500", overwrite: 0);
    }

    // .NET's own SetEnvironmentVariable does not reach native code.
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
