using System.Runtime.InteropServices;

namespace SafetyPortal.Diffusion.Runtime;

/// <summary>
/// Variables that libtorch and OpenMP read when they are loaded. OpenMP's threads look for work for a short time and then sleep. By default they spin
/// for milliseconds: three programs of two threads on two cores took five to ten times as long that way. The count weighs idle cores against shared ones.
/// Counts of 500, 2,000 and 5,000 took 0.67, 0.47 and 0.43 s for an image of the embedded model on two idle cores, and 15, 20 and 30 s for three programs at
/// once. Tensors of 2 MiB or more take huge pages, which the kernel clears in fewer faults.
/// </summary>
internal static partial class LibtorchEnvironment
{
    internal const string WaitVariable = "OMP_WAIT_POLICY";

    // Rounds of GCC's OpenMP before a thread sleeps; other implementations ignore the variable.
    private const string SpinVariable = "GOMP_SPINCOUNT";

    private const string HugePagesVariable = "THP_MEM_ALLOC_ENABLE";

    /// <summary>Sets what the environment does not name. libtorch must not be loaded yet.</summary>
    internal static void Choose()
    {
        if (!OperatingSystem.IsLinux())
            return;
        _ = setenv(HugePagesVariable, "1", overwrite: 0);
        if (Environment.GetEnvironmentVariable(WaitVariable) is not null)
            return;
        _ = setenv(WaitVariable, "passive", overwrite: 0);
        _ = setenv(SpinVariable, "2000", overwrite: 0);
    }

    // .NET's own SetEnvironmentVariable does not reach native code.
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
