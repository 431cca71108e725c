using static TorchSharp.torch;

namespace SafetyPortal.Worker.Running;

/// <summary>
/// How many threads compute. Sums are split among threads, so the last bits of a result depend on their number: it is set on
/// purpose, once, and recorded with the evidence.
/// </summary>
public static class TorchThreads
{
    // Beyond this the small layers of a UNet spend more time on synchronising than on computing.
    private const int Most = 16;

    /// <summary>One thread per available core, at most 16.</summary>
    public static int Default => Math.Clamp(Environment.ProcessorCount, 1, Most);

    /// <summary>Sets the number of threads of libtorch and its BLAS.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1 or above 1,024.</exception>
    public static void Set(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, 1024);
        set_num_threads(threads);
    }
}
